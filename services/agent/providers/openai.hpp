// The provider `openai`: chat completions of OpenAI and of every server that speaks its API.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/provider.hpp"
#include "agent/providers/openai_request.hpp"
#include "agent/providers/secret_mask.hpp"
#include "async/blocking_pool.hpp"
#include "async/worker_pool.hpp"
#include "base/secret_string.hpp"
#include "http/client.hpp"
#include "http/url.hpp"

namespace sluice::agent {

struct provider_timeouts {
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds first_token{60'000};     ///< from the call to the first delta, whatever else has come
  std::chrono::milliseconds between_tokens{30'000};  ///< from one event of the stream to the next, after that
  std::chrono::milliseconds total{600'000};          ///< of the whole; an answer that is not streamed has this alone
};

struct openai_settings {
  std::string name = "openai";
  std::string base_url = "https://api.openai.com/v1";
  secret_string api_key;                                       ///< empty: none is sent
  std::vector<std::pair<std::string, secret_string>> headers;  ///< more fields of every request, e.g. `api-key`
  provider_timeouts timeouts;
  std::string ca_file;  ///< PEM of authorities beside the system's
  std::string user_agent = "sluice";
  std::size_t event_bytes_max = 4ULL << 20;    ///< of one event of a stream
  std::size_t answer_bytes_max = 32ULL << 20;  ///< of an answer that is not streamed
  http::client_settings client;
};

class openai final : public provider {
 public:
  /// Errors name the setting that is wrong and never repeat a secret. `workers` and `lookups` outlive the provider.
  static result<std::shared_ptr<openai>> make(openai_settings told, async::worker_pool& workers,
                                              async::blocking_pool& lookups);
  ~openai() override;

  std::string_view name() const override { return settings_.name; }
  std::string_view kind() const override { return "openai"; }

  /// Streams if the client wants it so and the server does; some servers ignore `stream`. No error of it shows our
  /// credentials, whatever the server says.
  task<result<void>> generate(const generation::request& asked, std::string_view model, provider_output& out) override;

 private:
  struct station;

  openai(openai_settings told, http::base_url where);
  result<void> write_header_lines();
  http::client_deadlines deadlines(bool streamed) const;
  task<result<void>> ask(const generation::request& asked, std::string_view model, provider_output& out);
  task<result<void>> read_stream(station& here, http::client_response response, provider_output& out,
                                 std::int64_t choices, std::chrono::steady_clock::time_point first_token_at);
  task<result<void>> read_whole(station& here, http::client_response& response, provider_output& out,
                                std::int64_t choices);
  task<error> read_refusal(http::client_response& response);
  error silent(bool has_begun) const;
  error in_our_words(error problem) const;

  openai_settings settings_;
  http::base_url where_;
  std::string target_;
  secret_string header_lines_;
  secret_mask mask_;
  openai_server server_;
  std::vector<std::unique_ptr<station>> stations_;  ///< by worker
};

}  // namespace sluice::agent
