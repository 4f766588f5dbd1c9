#include "agent/providers/mock.hpp"

#include <algorithm>
#include <cmath>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "base/utf8.hpp"

namespace sluice::agent {
namespace {

using generation::delta_kind;
using generation::finish_reason;
using std::chrono::steady_clock;

// Without a delay, how many deltas are written before others on the worker have their turn.
constexpr std::uint64_t burst_deltas = 64;

struct script {
  std::string reasoning;
  std::string text;
  finish_reason reason = finish_reason::stop;
  std::string stop_sequence;
  std::int64_t input_tokens = 0;
};

script write_script(const generation::request& asked, bool with_reasoning) {
  script written;
  const std::string prompt = generation::last_user_text(asked);
  for (const generation::message& message : asked.messages) {
    for (const generation::content_part& part : message.parts) {
      if (const auto* text = std::get_if<generation::text_part>(&part.what)) {
        written.input_tokens += static_cast<std::int64_t>(count_code_points(text->text));
      }
    }
  }
  if (with_reasoning) {
    written.reasoning =
        fmt::format("The user wrote {} characters. I am a mock: I say what I was told.", count_code_points(prompt));
  }
  written.text =
      fmt::format("You said: \"{}\". I am the mock model of Sluice; set up a provider to talk to a real one.", prompt);
  for (const std::string& stop : asked.stop) {
    const std::size_t at = stop.empty() ? std::string::npos : written.text.find(stop);
    if (at == std::string::npos) continue;
    written.text.resize(at);
    written.reason = finish_reason::stop_sequence;
    written.stop_sequence = stop;
  }
  return written;
}

// What the mock cannot even pretend to read: parts that only a vendor's own dialect knows.
std::optional<error> find_unreadable(const generation::request& asked) {
  for (std::size_t i = 0; i < asked.messages.size(); ++i) {
    for (std::size_t j = 0; j < asked.messages[i].parts.size(); ++j) {
      if (!std::holds_alternative<generation::vendor_part>(asked.messages[i].parts[j].what)) continue;
      return error{.reason = error_reason::invalid_argument,
                   .message = "the mock does not know this type of content part",
                   .param = fmt::format("messages[{}].content[{}].type", i, j)};
    }
  }
  return std::nullopt;
}

// The pace of the deltas: absolute times, so that what a delta costs does not slow the stream.
class pacer {
 public:
  pacer(executor on, const mock_settings& told)
      : timer_(on), delay_(told.delay), due_(steady_clock::now() + told.first_delay) {}

  task<> wait() {
    if (due_ > steady_clock::now()) {
      timer_.expires_at(due_);
      co_await timer_.async_wait(use_task);
    } else if (++since_pause_ % burst_deltas == 0) {
      co_await asio::post(timer_.get_executor(), use_task);
    }
    due_ += delay_;
  }
  task<> stall(std::chrono::milliseconds limit) {
    timer_.expires_after(limit);
    co_await timer_.async_wait(use_task);
  }

 private:
  steady_timer timer_;
  std::chrono::milliseconds delay_;
  steady_clock::time_point due_;
  std::uint64_t since_pause_ = 0;
};

std::size_t character_bytes(std::string_view text) {
  std::size_t bytes = 1;
  while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80)
    ++bytes;
  return bytes;
}

}  // namespace

task<result<void>> mock::generate(const generation::request& asked, std::string_view model, provider_output& out) {
  if (settings_.fault == mock_fault::refuse) {
    co_return failure(error_reason::unavailable,
                      fmt::format("provider {} refuses, as its configuration says", settings_.name));
  }
  if (settings_.fault == mock_fault::rate_limit) {
    error refused{.reason = error_reason::rate_limited,
                  .message = fmt::format("provider {} is rate limited, as its configuration says", settings_.name)};
    refused.retry_after = std::chrono::seconds(1);
    co_return std::unexpected(std::move(refused));
  }
  if (auto problem = find_unreadable(asked)) co_return std::unexpected(std::move(*problem));
  const script written = write_script(asked, settings_.reasoning);
  pacer pace(co_await asio::this_coro::executor, settings_);
  generation::usage used{.input_tokens = written.input_tokens, .source = generation::usage_source::provider};
  out.set_model(model);
  out.report_usage(used);

  finish_reason reason = written.reason;
  std::uint64_t given = 0;
  for (const auto& [kind, whole] :
       {std::pair(delta_kind::reasoning, &written.reasoning), std::pair(delta_kind::text, &written.text)}) {
    for (std::string_view rest = *whole; !rest.empty() && reason != finish_reason::length;) {
      if (settings_.fault != mock_fault::none && given >= settings_.fault_after) {
        if (settings_.fault == mock_fault::stall) {
          co_await pace.stall(settings_.stall_limit);
          co_return failure(error_reason::timed_out,
                            fmt::format("provider {} said nothing more, as its configuration says", settings_.name));
        }
        co_return failure(error_reason::bad_gateway,
                          fmt::format("provider {} broke off, as its configuration says", settings_.name));
      }
      co_await pace.wait();
      const std::size_t bytes = character_bytes(rest);
      ++used.output_tokens;
      if (kind == delta_kind::reasoning) ++used.reasoning_tokens;
      out.report_usage(used);
      if (!out.append(kind, rest.substr(0, bytes))) co_return std::unexpected(provider_output::too_long());
      rest.remove_prefix(bytes);
      ++given;
      if (asked.max_output_tokens && used.output_tokens >= *asked.max_output_tokens &&
          !(kind == delta_kind::text && rest.empty())) {
        reason = finish_reason::length;
      }
    }
  }
  out.finish_choice({.choice = 0,
                     .reason = reason,
                     .provider_reason = std::string(to_string(reason)),
                     .stop_sequence = written.stop_sequence});
  co_return result<void>{};
}

task<result<std::int64_t>> mock::count_tokens(const generation::request& asked, std::string_view) {
  co_return write_script(asked, false).input_tokens;
}

task<result<generation::embeddings>> mock::embed(const generation::embedding_request& asked, std::string_view) {
  constexpr std::int64_t dimensions_default = 256;
  constexpr std::int64_t dimensions_max = 4096;
  const std::int64_t dimensions = asked.dimensions.value_or(dimensions_default);
  if (dimensions > dimensions_max) {
    co_return failure(error_reason::invalid_argument,
                      fmt::format("provider {} has at most {} dimensions", settings_.name, dimensions_max),
                      "dimensions");
  }
  generation::embeddings made;
  made.usage.source = generation::usage_source::provider;
  for (const generation::embedding_input& input : asked.inputs) {
    std::vector<float> vector(static_cast<std::size_t>(dimensions));
    const auto add = [&](std::string_view word) {
      std::uint64_t hash = 0xCBF29CE484222325ULL;  // FNV-1a
      for (const char c : word)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
      vector[hash % vector.size()] += (hash >> 63U) != 0 ? 1.0F : -1.0F;
    };
    std::string_view rest = input.text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      add(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    for (const std::int64_t token : input.tokens)
      add(fmt::to_string(token));
    float square = 0;
    for (const float number : vector)
      square += number * number;
    for (float& number : vector)
      number = square > 0 ? number / std::sqrt(square) : 0;
    if (square == 0) vector.front() = 1;
    made.usage.input_tokens +=
        static_cast<std::int64_t>(count_code_points(input.text)) + static_cast<std::int64_t>(input.tokens.size());
    made.vectors.push_back(std::move(vector));
  }
  co_return made;
}

}  // namespace sluice::agent
