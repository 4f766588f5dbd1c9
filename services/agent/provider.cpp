#include "agent/provider.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/json_text.hpp"
#include "telemetry/names.hpp"

namespace sluice::agent {
namespace {

// What stands beside the deltas, which have a bound of their own: far more than any provider sends.
constexpr std::size_t name_bytes_max = 512;
constexpr std::size_t extensions_max = 64;
constexpr std::size_t extension_bytes_max = 256U << 10U;

constexpr std::uint64_t bytes_of_a_token = 4;

bool is_written_by_model(generation::delta_kind kind) {
  return generation::is_plain_text(kind) || kind == generation::delta_kind::tool_call;
}

}  // namespace

bool provider_output::append(generation::delta_kind kind, std::string_view bytes, std::uint8_t choice) {
  if (!log_.append(kind, bytes, choice)) return false;
  if (is_written_by_model(kind)) {
    ++words_;
    word_bytes_ += bytes.size();
  }
  if (deltas_++ == 0) {
    first_delta_at_ = std::chrono::steady_clock::now();
    attempt_.add_event(telemetry::names::event_first_token);
  }
  return true;
}

std::string provider_output::trace_header_lines() const {
  std::string lines;
  const telemetry::trace_context& told = attempt_.context();
  if (!propagates_ || !told.is_valid()) return lines;
  lines.append("traceparent: ").append(told.parent_text()).append("\r\n");
  if (!told.state.empty()) lines.append("tracestate: ").append(told.state).append("\r\n");
  return lines;
}

error provider_output::too_long() {
  return {.reason = error_reason::bad_gateway,
          .message = "the provider's answer is larger than generations.log_bytes allows"};
}

error provider_output::too_many_fields() {
  return {.reason = error_reason::bad_gateway,
          .message = "the provider's answer has more fields of its own than an answer may have"};
}

void provider_output::set_name(std::string& name, std::string_view to) {
  if (name.empty() && to.size() <= name_bytes_max) name = to;
}

void provider_output::finish_choice(generation::choice_finish how) {
  if (how.provider_reason.size() > name_bytes_max) how.provider_reason.clear();
  if (how.stop_sequence.size() > name_bytes_max) how.stop_sequence.clear();
  const auto same = std::ranges::find(choices_, how.choice, &generation::choice_finish::choice);
  if (same == choices_.end()) {
    choices_.push_back(std::move(how));
  } else {
    *same = std::move(how);
  }
}

bool provider_output::set_extension(std::string_view name, std::string_view raw_json) {
  const auto same = std::ranges::find(extensions_, name, &std::pair<std::string, std::string>::first);
  const bool is_new = same == extensions_.end();
  const std::size_t bytes =
      extension_bytes_ + raw_json.size() + (is_new ? name.size() : 0) - (is_new ? 0 : same->second.size());
  if (bytes > extension_bytes_max || (is_new && extensions_.size() >= extensions_max)) return false;
  extension_bytes_ = bytes;
  if (is_new) {
    extensions_.emplace_back(name, raw_json);
  } else {
    same->second = raw_json;
  }
  return true;
}

generation::finish provider_output::conclude(generation::status how, std::size_t prompt_bytes) const {
  generation::finish ending;
  ending.status = how;
  ending.choices = choices_;
  std::ranges::sort(ending.choices, {}, &generation::choice_finish::choice);
  if (usage_) {
    ending.usage = *usage_;
  } else if (deltas_ != 0 || how == generation::status::completed) {
    const auto tokens_of = [](std::uint64_t bytes) { return (bytes + bytes_of_a_token - 1) / bytes_of_a_token; };
    ending.usage.input_tokens = static_cast<std::int64_t>(tokens_of(prompt_bytes));
    ending.usage.output_tokens = static_cast<std::int64_t>(std::max(words_, tokens_of(word_bytes_)));
    ending.usage.source = generation::usage_source::estimated;
  }
  ending.response_id = response_id_;
  ending.provider_model = model_;
  for (const auto& [name, raw] : extensions_) {
    ending.extensions += ending.extensions.empty() ? "{" : ",";
    append_json_string(ending.extensions, name);
    ending.extensions.append(":").append(raw);
  }
  if (!ending.extensions.empty()) ending.extensions += "}";
  return ending;
}

task<result<std::int64_t>> provider::count_tokens(const generation::request&, std::string_view) {
  co_return failure(error_reason::not_implemented, fmt::format("provider {} does not count tokens", name()));
}

task<result<generation::embeddings>> provider::embed(const generation::embedding_request&, std::string_view) {
  co_return failure(error_reason::not_implemented, fmt::format("provider {} has no embeddings", name()), "model");
}

}  // namespace sluice::agent
