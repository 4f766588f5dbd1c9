// What the connections of the simulated provider share: its plan, its counts, and what it was asked last.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "bench/llmsim/answer_stream.hpp"
#include "bench/net/http_reader.hpp"

namespace sluice::bench {

/// How an answer ended, as a test asks for it.
enum class outcome : std::uint8_t {
  completed,  ///< said to the end
  aborted,    ///< the peer closed before the end
  faulted,    ///< a fault that was asked for ended it
};

struct provider_settings {
  scenario plan;              ///< of requests that say nothing else
  std::string api_key;        ///< if not empty, what `Authorization: Bearer` must hold
  std::string model = "sim";  ///< what `/v1/models` lists
};

class provider {
 public:
  explicit provider(provider_settings settings) : settings_(std::move(settings)) {}

  /// What to answer: a stream of packets, or the whole bytes of a response.
  struct answer {
    std::unique_ptr<answer_stream> stream;
    std::string whole;
  };
  answer respond(const http_reader& request, std::string_view body);

  void connected() { ++connections_; }
  void disconnected() { --connections_; }
  void began() { ++active_; }
  void ended(const answer_stream& stream, outcome how);

 private:
  answer chat(const http_reader& request, std::string_view body, std::string_view path_plan);
  std::string own_page(std::string_view path, std::string_view body);
  std::expected<void, std::string> plan_from_headers(const http_reader& request, scenario& plan) const;
  bool fault_strikes(const scenario& plan, std::string_view model);
  std::string statistics() const;
  std::string last_request() const;
  std::string expected_answer(std::string_view body) const;
  void clear();

  struct ended_answer {
    std::uint64_t number;
    std::string model;
    outcome how;
    std::uint32_t tokens_sent;
  };

  provider_settings settings_;
  std::uint64_t connections_ = 0;
  std::uint64_t active_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t tokens_ = 0;
  std::uint64_t completed_ = 0;
  std::uint64_t aborted_ = 0;
  std::uint64_t faulted_ = 0;
  std::uint64_t aborted_tokens_ = 0;
  std::deque<ended_answer> recent_;
  std::string last_head_;
  std::string last_body_;
  std::map<std::string, std::uint64_t, std::less<>> fault_requests_;  // by model name
  double fault_share_ = 0;  // what `fault_rate` has saved up towards the next fault
};

}  // namespace sluice::bench
