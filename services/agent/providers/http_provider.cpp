#include "agent/providers/http_provider.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "agent/providers/provider_error.hpp"
#include "agent/providers/provider_json.hpp"
#include "async/watchdog.hpp"
#include "base/quantities.hpp"
#include "http/sse_parser.hpp"
#include "http/tls_context.hpp"
#include "telemetry/names.hpp"

namespace sluice::agent {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t refusal_bytes_max = 64 << 10;
constexpr std::chrono::seconds refusal_limit{2};
// How long and how far a finished stream is read on, so that its connection can serve the next request.
constexpr std::chrono::seconds rest_limit{2};
constexpr std::size_t rest_bytes_max = 16 << 10;

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, to_lower, to_lower);
}

bool is_field_name(std::string_view text) {
  constexpr std::string_view signs = "!#$%&'*+-.^_`|~";  // RFC 9110, section 5.6.2
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || signs.contains(c);
  });
}

bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// The media type of a Content-Type, compared without its parameters.
bool is_media_type(std::string_view content_type, std::string_view wanted) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  return same_name(type.substr(0, type.find_last_not_of(" \t") + 1), wanted);
}

// Reads what comes behind the end marker, which is the end of the body if all is well.
task<> read_rest(http::client_response response) {
  async::watchdog limit(co_await asio::this_coro::executor, [&response] { response.abort(); });
  limit.expire_after(rest_limit);
  for (std::size_t bytes = 0; bytes < rest_bytes_max;) {
    const result<std::string_view> piece = co_await response.read_some();
    if (!piece || piece->empty()) break;
    bytes += piece->size();
  }
}

}  // namespace

// What one worker has of this provider.
struct http_provider::station {
  station(executor on, async::blocking_pool& lookups, http::tls_context trust, const http::client_settings& told)
      : client(on, lookups, std::move(trust), told) {}
  http::client client;
  json_scratch scratch;
};

http_provider::http_provider(http_provider_settings told, std::unique_ptr<const provider_dialect> words,
                             http::base_url where)
    : settings_(std::move(told)), words_(std::move(words)), where_(std::move(where)) {}

http_provider::~http_provider() = default;

result<std::shared_ptr<http_provider>> http_provider::make(http_provider_settings told,
                                                           std::unique_ptr<const provider_dialect> words,
                                                           async::worker_pool& workers, async::blocking_pool& lookups) {
  const auto wrong = [name = told.name](std::string_view setting, const std::string& what) {
    const std::string key = fmt::format("providers.{}.{}", name, setting);
    return failure(error_reason::invalid_argument, fmt::format("{} {}", key, what), key);
  };
  result<http::base_url> where = http::parse_base_url(told.base_url);
  if (!where) return wrong("base_url", where.error().message);
  result<http::tls_context> trust = http::tls_context::make_client(told.ca_file);
  if (!trust) return wrong("ca_file", trust.error().message);
  const std::shared_ptr<http_provider> made(new http_provider(std::move(told), std::move(words), std::move(*where)));
  if (result<void> fine = made->write_header_lines(); !fine) return std::unexpected(std::move(fine.error()));
  for (std::size_t worker = 0; worker < workers.size(); ++worker) {
    made->stations_.push_back(
        std::make_unique<station>(workers[worker].get_executor(), lookups, *trust, made->settings_.client));
  }
  return made;
}

result<void> http_provider::write_header_lines() {
  const auto wrong = [this](std::string_view setting, std::string_view what) {
    const std::string key = fmt::format("providers.{}.{}", settings_.name, setting);
    return failure(error_reason::invalid_argument, fmt::format("{} {}", key, what), key);
  };
  std::string lines = "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n";
  lines.append("User-Agent: ").append(settings_.user_agent).append("\r\n");
  const credential_field credential = words_->credential();
  std::vector<std::string_view> said;
  for (const auto& [name, value] : settings_.headers) {
    if (!is_field_name(name))
      return wrong("headers", fmt::format("has a name that is none: \"{}\"", fit_to_show(name)));
    if (!is_field_value(value.reveal()))
      return wrong("headers", fmt::format("has a value with control characters: {}", name));
    lines.append(name).append(": ").append(value.reveal()).append("\r\n");
    mask_.add_field(name, value);
    said.push_back(name);
  }
  if (!is_field_value(settings_.api_key.reveal()))
    return wrong("api_key", "has control characters, a line break perhaps");
  const auto is_said = [&said](std::string_view wanted) {
    return std::ranges::any_of(said, [&](std::string_view name) { return same_name(name, wanted); });
  };
  if (!settings_.api_key.empty() && !is_said(credential.name)) {
    lines.append(credential.name).append(": ").append(credential.prefix).append(settings_.api_key.reveal());
    lines.append("\r\n");
  }
  for (const auto& [name, value] : words_->header_fields()) {
    if (!is_said(name)) lines.append(name).append(": ").append(value).append("\r\n");
  }
  // "ollama", for the provider ollama, is no secret.
  if (settings_.api_key.reveal() != settings_.name) mask_.add_credential(settings_.api_key);
  header_lines_ = secret_string(std::move(lines));
  return {};
}

http::client_deadlines http_provider::deadlines(bool streamed, std::chrono::milliseconds patience) const {
  const provider_timeouts& told = settings_.timeouts;
  // Within a stream it is the events that count, not the bytes: see `read_stream`.
  return {.connect = std::min(told.connect, patience),
          .first_byte = std::min(streamed ? told.first_token : told.total, patience),
          .between_bytes = streamed ? std::max(told.first_token, told.between_tokens) : told.total,
          .total = streamed ? told.total : std::min(told.total, patience)};
}

task<result<void>> http_provider::generate(const generation::request& asked, std::string_view model,
                                           provider_output& out) {
  result<void> outcome = co_await ask(asked, model, out);
  if (!outcome) outcome = std::unexpected(mask_.apply(std::move(outcome.error())));
  co_return outcome;
}

task<result<void>> http_provider::ask(const generation::request& asked, std::string_view model, provider_output& out) {
  const steady_clock::time_point first_token_at =
      steady_clock::now() + std::min(settings_.timeouts.first_token, out.patience());
  station& here = *stations_[async::this_worker()];
  const result<upstream_request> said = words_->say(asked, model);
  if (!said) co_return std::unexpected(said.error());

  const std::string_view body_view = said->body;
  const std::string target = where_.path_prefix + said->path;
  const std::string trace_lines = out.trace_header_lines();
  out.attempt().set({telemetry::names::server_address, where_.to.host});
  out.attempt().set({telemetry::names::server_port, where_.to.port});
  const http::client_request request{.to = where_.to,
                                     .method = "POST",
                                     .target = target,
                                     .header_lines = header_lines_.reveal(),
                                     .more_header_lines = trace_lines,
                                     .body = std::span(&body_view, 1)};
  const http::client_deadlines limits = deadlines(asked.streamed, out.patience());
  result<http::client_response> response = co_await here.client.send(request, limits);
  if (!response) co_return std::unexpected(in_our_words(std::move(response.error())));
  out.attempt().set({telemetry::names::http_status, response->status()});
  if (response->repeats() != 0) {
    out.attempt().set({telemetry::names::http_resends, response->repeats()});
    out.attempt().add_event(telemetry::names::event_retry);
  }
  if (response->status() < 200 || response->status() > 299) co_return std::unexpected(co_await read_refusal(*response));

  const std::string_view type = response->header("content-type");
  if (is_media_type(type, "text/event-stream") || (type.empty() && asked.streamed))
    co_return co_await read_stream(here, std::move(*response), asked, out, first_token_at);
  if (is_media_type(type, "application/json") || type.empty())
    co_return co_await read_whole(here, *response, asked, out);
  co_return std::unexpected(error{
      .reason = error_reason::bad_gateway,
      .message = fmt::format("provider {} answered with something that is no answer of a model; is its base_url right?",
                             settings_.name),
      .detail = fmt::format("content-type: {}", fit_to_show(type))});
}

task<result<void>> http_provider::read_stream(station& here, http::client_response response,
                                              const generation::request& asked, provider_output& out,
                                              steady_clock::time_point first_token_at) {
  const executor on = co_await asio::this_coro::executor;
  const std::unique_ptr<answer_reader> reader = words_->read(here.scratch, settings_.name, asked);
  http::sse_parser parser(settings_.event_bytes_max);
  bool expired = false;
  async::watchdog silence(on, [&] {
    expired = true;
    response.abort();
  });
  silence.expire_at(first_token_at);
  for (;;) {
    const result<std::string_view> piece = co_await response.read_some();
    if (!piece) co_return std::unexpected(expired ? silent(out) : in_our_words(piece.error()));
    if (piece->empty()) co_return reader->end(out);
    parser.feed(*piece);
    bool heard = false;
    while (const auto event = parser.next()) {
      heard = true;
      if (event->name == "error") co_return std::unexpected(error_of_event(event->data, settings_.name));
      const result<bool> done = reader->feed(event->data, out);
      if (!done) co_return std::unexpected(done.error());
      if (!*done) continue;
      silence.disarm();
      asio::co_spawn(on, read_rest(std::move(response)), [](std::exception_ptr) {});  // all that it can do is close
      co_return result<void>{};
    }
    if (parser.failed()) {
      co_return failure(error_reason::bad_gateway, fmt::format("provider {} sent an event of more than {}",
                                                               settings_.name, format_size(settings_.event_bytes_max)));
    }
    if (heard && out.has_deltas()) silence.expire_after(settings_.timeouts.between_tokens);
  }
}

task<result<void>> http_provider::read_whole(station& here, http::client_response& response,
                                             const generation::request& asked, provider_output& out) {
  result<std::string> json = co_await response.read_all(settings_.answer_bytes_max);
  if (!json) co_return std::unexpected(in_our_words(std::move(json.error())));
  const std::size_t bytes = json->size();
  json->append(http::client_response::readable_padding, '\0');
  co_return words_->read(here.scratch, settings_.name, asked)
      ->translate_whole(std::string_view(*json).substr(0, bytes), out);
}

task<result<std::string>> http_provider::exchange(upstream_request said) {
  const std::string_view body_view = said.body;
  const std::string target = where_.path_prefix + said.path;
  const http::client_request request{.to = where_.to,
                                     .method = "POST",
                                     .target = target,
                                     .header_lines = header_lines_.reveal(),
                                     .more_header_lines = {},
                                     .body = std::span(&body_view, 1)};
  // It has no tokens to wait for: what a first one may take is enough for all of it.
  http::client_deadlines limits = deadlines(false, settings_.timeouts.first_token);
  result<http::client_response> response = co_await stations_[async::this_worker()]->client.send(request, limits);
  if (!response) co_return std::unexpected(mask_.apply(in_our_words(std::move(response.error()))));
  if (response->status() < 200 || response->status() > 299)
    co_return std::unexpected(mask_.apply(co_await read_refusal(*response)));
  result<std::string> json = co_await response->read_all(settings_.answer_bytes_max);
  if (!json) co_return std::unexpected(mask_.apply(in_our_words(std::move(json.error()))));
  co_return json;
}

task<result<std::int64_t>> http_provider::count_tokens(const generation::request& asked, std::string_view model) {
  auto said = words_->say_count(asked, model);
  if (!said) co_return std::unexpected(std::move(said.error()));
  const result<std::string> json = co_await exchange(std::move(*said));
  if (!json) co_return std::unexpected(json.error());
  boost::system::error_code bad;
  const boost::json::value read = boost::json::parse(*json, bad);
  const boost::json::value* const count =
      bad || !read.is_object() ? nullptr : read.get_object().if_contains(words_->count_field());
  if (count != nullptr && count->is_int64() && count->get_int64() >= 0) co_return count->get_int64();
  co_return failure(error_reason::bad_gateway,
                    fmt::format("provider {} did not say how many tokens the request has", settings_.name));
}

task<result<generation::embeddings>> http_provider::embed(const generation::embedding_request& asked,
                                                          std::string_view model) {
  auto said = words_->say_embedding(asked, model);
  if (!said) co_return std::unexpected(std::move(said.error()));
  const result<std::string> json = co_await exchange(std::move(*said));
  if (!json) co_return std::unexpected(json.error());
  co_return words_->read_embeddings(*json, settings_.name, asked);
}

// The status says what matters: its explanation is waited for a moment only.
task<error> http_provider::read_refusal(http::client_response& response) {
  async::watchdog patience(co_await asio::this_coro::executor, [&response] { response.abort(); });
  patience.expire_after(refusal_limit);
  const result<std::string> body = co_await response.read_all(refusal_bytes_max);
  const provider_refusal told{.status = response.status(),
                              .body = body ? std::string_view(*body) : std::string_view(),
                              .header = [&response](std::string_view name) { return response.header(name); }};
  co_return words_->refusal(told, settings_.name, std::chrono::system_clock::now());
}

error http_provider::silent(const provider_output& out) const {
  const bool has_begun = out.has_deltas();
  const auto& [what, limit] = has_begun
                                  ? std::pair("between_tokens", settings_.timeouts.between_tokens)
                                  : std::pair("first_token", std::min(settings_.timeouts.first_token, out.patience()));
  return {.reason = error_reason::timed_out,
          .message = has_begun ? fmt::format("provider {} fell silent in the middle of its answer: nothing for {} ({})",
                                             settings_.name, format_duration(limit), what)
                               : fmt::format("provider {} gave no first token within {} ({})", settings_.name,
                                             format_duration(limit), what)};
}

// The client names host and port, which are for the log; our clients know the provider by its name.
error http_provider::in_our_words(error problem) const {
  problem.detail = problem.message;
  if (problem.reason == error_reason::unavailable) {
    problem.message = fmt::format("provider {} cannot be reached", settings_.name);
    return problem;
  }
  const std::string host = where_.to.authority();
  const std::string named = fmt::format("provider {}", settings_.name);
  const std::size_t at = problem.message.find(host);
  if (at == std::string::npos) {
    problem.message = fmt::format("{}: {}", named, problem.message);
  } else {
    problem.message.replace(at, host.size(), named);
  }
  return problem;
}

}  // namespace sluice::agent
