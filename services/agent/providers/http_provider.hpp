// A provider that is asked over HTTP: connections, deadlines, credentials and errors, whatever dialect it speaks.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/provider.hpp"
#include "agent/providers/provider_error.hpp"
#include "agent/providers/secret_mask.hpp"
#include "async/blocking_pool.hpp"
#include "async/worker_pool.hpp"
#include "base/secret_string.hpp"
#include "http/client.hpp"
#include "http/url.hpp"

namespace sluice::agent {

class json_scratch;

/// Translates one answer of a provider into deltas. No I/O.
class answer_reader {
 public:
  virtual ~answer_reader() = default;

  /// The data of one event of a stream, with 64 readable bytes behind it. True at the end marker: nothing follows.
  /// Errors: what the provider reports in mid-stream (see `provider_error.hpp`); bad_gateway for what is no answer.
  virtual result<bool> feed(std::string_view data, provider_output& out) = 0;
  /// A whole answer, with 64 readable bytes behind it.
  virtual result<void> translate_whole(std::string_view json, provider_output& out) = 0;
  /// The body ended, properly, without an end marker. Fine if the answer had said that it was complete, else
  /// bad_gateway.
  virtual result<void> end(provider_output& out) = 0;
};

struct upstream_request {
  std::string path;  ///< behind the path of the base URL
  std::string body;  ///< JSON
};

/// The field of the header that carries the key.
struct credential_field {
  std::string_view name;
  std::string_view prefix;
};

/// How a kind of provider is spoken to. Immutable; any worker.
class provider_dialect {
 public:
  virtual ~provider_dialect() = default;
  /// As OpenTelemetry names it (`gen_ai.provider.name`).
  virtual std::string_view kind() const = 0;
  virtual credential_field credential() const = 0;
  /// More fields of every request, unless the configuration says them.
  virtual std::vector<std::pair<std::string_view, std::string_view>> header_fields() const { return {}; }
  /// `model`: the provider's own name. Errors: invalid_argument for what cannot be said in this dialect.
  virtual result<upstream_request> say(const generation::request& asked, std::string_view model) const = 0;
  /// `provider`: its name in messages. All of them outlive the reader.
  virtual std::unique_ptr<answer_reader> read(json_scratch& scratch, std::string_view provider,
                                              const generation::request& asked) const = 0;
  /// The question how many tokens a request would be. not_implemented: there is no such question in this dialect.
  virtual result<upstream_request> say_count(const generation::request&, std::string_view /*model*/) const {
    return failure(error_reason::not_implemented, "this dialect cannot ask how many tokens a request has");
  }
  /// The field of the answer that says it.
  virtual std::string_view count_field() const { return {}; }
  /// Texts as vectors; not_implemented: there is no such question in this dialect.
  virtual result<upstream_request> say_embedding(const generation::embedding_request&, std::string_view) const {
    return failure(error_reason::not_implemented, "providers of this dialect have no embeddings", "model");
  }
  /// The answer to that. Never called where it cannot be asked.
  virtual result<generation::embeddings> read_embeddings(std::string_view /*json*/, std::string_view /*provider*/,
                                                         const generation::embedding_request&) const {
    return failure(error_reason::not_implemented, "providers of this dialect have no embeddings", "model");
  }
  /// What an answer that is not 2xx means.
  virtual error refusal(const provider_refusal& told, std::string_view provider,
                        std::chrono::system_clock::time_point now) const {
    return error_of_refusal(told, provider, now);
  }
};

struct provider_timeouts {
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds first_token{60'000};     ///< from the call to the first delta, whatever else has come
  std::chrono::milliseconds between_tokens{30'000};  ///< from one event of the stream to the next, after that
  std::chrono::milliseconds total{600'000};          ///< of the whole; an answer that is not streamed has this alone
};

struct http_provider_settings {
  std::string name;
  std::string base_url;
  secret_string api_key;                                       ///< empty: none is sent
  std::vector<std::pair<std::string, secret_string>> headers;  ///< more fields of every request, e.g. `api-key`
  provider_timeouts timeouts;
  std::string ca_file;  ///< PEM of authorities beside the system's
  std::string user_agent = "sluice";
  std::size_t event_bytes_max = 4ULL << 20;    ///< of one event of a stream
  std::size_t answer_bytes_max = 32ULL << 20;  ///< of an answer that is not streamed
  http::client_settings client;
};

class http_provider final : public provider {
 public:
  /// Errors name the setting that is wrong and never repeat a secret. `workers` and `lookups` outlive the provider.
  static result<std::shared_ptr<http_provider>> make(http_provider_settings told,
                                                     std::unique_ptr<const provider_dialect> words,
                                                     async::worker_pool& workers, async::blocking_pool& lookups);
  ~http_provider() override;

  std::string_view name() const override { return settings_.name; }
  std::string_view kind() const override { return words_->kind(); }

  /// Streams if the client wants it so and the server does; some servers ignore `stream`. No error of it shows our
  /// credentials, whatever the server says.
  task<result<void>> generate(const generation::request& asked, std::string_view model, provider_output& out) override;
  task<result<generation::embeddings>> embed(const generation::embedding_request& asked,
                                             std::string_view model) override;
  task<result<std::int64_t>> count_tokens(const generation::request& asked, std::string_view model) override;
  std::chrono::milliseconds patience(bool streamed) const override {
    return streamed ? settings_.timeouts.first_token : settings_.timeouts.total;
  }

 private:
  struct station;

  http_provider(http_provider_settings told, std::unique_ptr<const provider_dialect> words, http::base_url where);
  result<void> write_header_lines();
  http::client_deadlines deadlines(bool streamed, std::chrono::milliseconds patience) const;
  task<result<void>> ask(const generation::request& asked, std::string_view model, provider_output& out);
  task<result<void>> read_stream(station& here, http::client_response response, const generation::request& asked,
                                 provider_output& out, std::chrono::steady_clock::time_point first_token_at);
  task<result<void>> read_whole(station& here, http::client_response& response, const generation::request& asked,
                                provider_output& out);
  /// One question and its whole answer, which has our padding behind it.
  task<result<std::string>> exchange(upstream_request said);
  task<error> read_refusal(http::client_response& response);
  error silent(const provider_output& out) const;
  error in_our_words(error problem) const;

  http_provider_settings settings_;
  std::unique_ptr<const provider_dialect> words_;
  http::base_url where_;
  secret_string header_lines_;
  secret_mask mask_;
  std::vector<std::unique_ptr<station>> stations_;  ///< by worker
};

}  // namespace sluice::agent
