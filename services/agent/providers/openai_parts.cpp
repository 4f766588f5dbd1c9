#include "agent/providers/openai_parts.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json_text.hpp"

namespace sluice::agent {
namespace {

namespace od = simdjson::ondemand;
using generation::finish_reason;

}  // namespace

finish_reason finish_reason_of_openai(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, finish_reason>, 10> words{{
      {"stop", finish_reason::stop},
      {"length", finish_reason::length},
      {"tool_calls", finish_reason::tool_calls},
      {"function_call", finish_reason::tool_calls},
      {"content_filter", finish_reason::content_filter},
      {"refusal", finish_reason::refusal},
      {"model_length", finish_reason::context_length},         // Mistral
      {"insufficient_system_resource", finish_reason::error},  // DeepSeek
      {"abort", finish_reason::error},                         // vLLM, SGLang
      {"error", finish_reason::error},                         // OpenRouter, Mistral
  }};
  const auto found = std::ranges::find(words, word, &std::pair<std::string_view, finish_reason>::first);
  return found == words.end() ? finish_reason::stop : found->second;
}

bool openai_usage::read(od::object object, bool is_input) {
  for (auto item : object) {
    if (item.error()) return false;
    od::field field = item.value_unsafe();
    const std::string_view name = raw_name(field);
    od::value value = field.value();
    const json_kind kind = kind_of(value);
    if (kind == json_kind::number) {
      const auto count = count_of(value);
      if (count) take(name, *count, is_input);
      is_sound = is_sound && count;
    } else if (kind == json_kind::object && (name == "prompt_tokens_details" || name == "completion_tokens_details")) {
      od::object details;
      if (value.get_object().get(details) || !read(details, name.starts_with("prompt"))) return false;
    }
  }
  return true;
}

// The fields of usage and of its details have names of their own, so that one list serves both levels.
void openai_usage::take(std::string_view name, std::int64_t count, bool is_input) {
  if (name == "prompt_tokens") {
    used.input_tokens = count;
    has_counts = true;
  } else if (name == "completion_tokens") {
    used.output_tokens = count;
    has_counts = true;
  } else if (name == "total_tokens") {
    total = count;
  } else if (name == "cached_tokens" || name == "prompt_cache_hit_tokens") {  // Moonshot has the first one here, too
    used.cached_tokens = std::max(used.cached_tokens, count);
  } else if (name == "cache_write_tokens") {
    used.cache_write_tokens = count;
  } else if (name == "audio_tokens") {
    (is_input ? used.input_audio_tokens : used.output_audio_tokens) = count;
  } else if (name == "reasoning_tokens") {
    used.reasoning_tokens = count;
  } else if (name == "accepted_prediction_tokens") {
    used.accepted_prediction_tokens = count;
  } else if (name == "rejected_prediction_tokens") {
    used.rejected_prediction_tokens = count;
  }
}

generation::usage openai_usage::settled() const {
  generation::usage all = used;
  // xAI counts reasoning beside the completion; only the total tells.
  if (all.reasoning_tokens > 0 && total == all.total_tokens() + all.reasoning_tokens) {
    all.output_tokens += all.reasoning_tokens;
  }
  return all;
}

void append_vendor_field(std::string& gathered, std::string_view name, od::value& value) {
  std::string raw;
  const std::string readable = unescaped(name);
  if (readable.empty() || !raw_json(value, raw)) return;
  if (!gathered.empty()) gathered.push_back(',');
  append_json_string(gathered, readable);
  gathered.append(":").append(raw);
}

std::string openai_call_strings::vendor_fields() const {
  if (call_fields_.empty() && function_fields_.empty()) return {};
  std::string fields = "{" + call_fields_;
  if (!function_fields_.empty()) {
    if (!call_fields_.empty()) fields.push_back(',');
    fields.append(is_custom ? R"("custom":{)" : R"("function":{)").append(function_fields_).push_back('}');
  }
  fields.push_back('}');
  return fields;
}

bool openai_call_strings::read(od::object object, std::int64_t& index, std::string& others) {
  for (auto item : object) {
    if (item.error()) return false;
    od::field field = item.value_unsafe();
    const std::string_view key = raw_name(field);
    od::value value = field.value();
    if (kind_of(value) == json_kind::null) continue;
    if (key == "index") {
      if (value.get_int64().get(index) || index < 0) return false;
    } else if (key == "function" || key == "custom") {
      od::object inner;
      is_custom = is_custom || key == "custom";
      if (value.get_object().get(inner) || !read(inner, index, function_fields_)) return false;
    } else if (key == "id") {
      if (!raw_string(value, id)) return false;
    } else if (key == "name") {
      if (!raw_string(value, name)) return false;
    } else if (key == "arguments" || key == "input") {
      if (!raw_string(value, arguments)) return false;
    } else if (key != "type") {
      append_vendor_field(others, key, value);
    }
  }
  return true;
}

}  // namespace sluice::agent
