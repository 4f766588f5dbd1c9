// OpenAI's chat completions from the client's side, streamed or not.
#pragma once

#include <memory>
#include <optional>

#include "bench/loadgen/answer_checker.hpp"
#include "bench/loadgen/exchange.hpp"
#include "bench/net/http_reader.hpp"

namespace sluice::bench {

class http_exchange : public exchange {
 public:
  using exchange::exchange;
  void begin(std::string& out, std::uint64_t number) override;
  void feed(std::string& input, std::string& out) override;

 private:
  void read_events();
  void read_event(std::string_view data);
  void read_whole();
  void answer_ended();

  http_reader reader_;
  std::optional<answer_checker> checker_;
  bool finished_ = false;  // a finish reason came
  bool done_ = false;      // [DONE] came
};

}  // namespace sluice::bench
