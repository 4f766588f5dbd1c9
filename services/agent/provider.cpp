#include "agent/provider.hpp"

#include <algorithm>

#include "base/json_text.hpp"
#include "telemetry/names.hpp"

namespace sluice::agent {

bool provider_output::append(generation::delta_kind kind, std::string_view bytes, std::uint8_t choice) {
  if (!log_.append(kind, bytes, choice)) return false;
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

void provider_output::finish_choice(generation::choice_finish how) {
  const auto same = std::ranges::find(choices_, how.choice, &generation::choice_finish::choice);
  if (same == choices_.end()) {
    choices_.push_back(std::move(how));
  } else {
    *same = std::move(how);
  }
}

void provider_output::set_extension(std::string_view name, std::string_view raw_json) {
  const auto same = std::ranges::find(extensions_, name, &std::pair<std::string, std::string>::first);
  if (same == extensions_.end()) {
    extensions_.emplace_back(name, raw_json);
  } else {
    same->second = raw_json;
  }
}

generation::finish provider_output::conclude(generation::status how, std::size_t prompt_bytes) const {
  generation::finish ending;
  ending.status = how;
  ending.choices = choices_;
  std::ranges::sort(ending.choices, {}, &generation::choice_finish::choice);
  if (usage_) {
    ending.usage = *usage_;
  } else if (deltas_ != 0 || how == generation::status::completed) {
    ending.usage.input_tokens = static_cast<std::int64_t>((prompt_bytes + 3) / 4);
    ending.usage.output_tokens = static_cast<std::int64_t>(deltas_);
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

}  // namespace sluice::agent
