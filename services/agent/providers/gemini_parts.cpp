#include "agent/providers/gemini_parts.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/json.hpp>

#include "agent/providers/gemini_request.hpp"
#include "agent/providers/openai_parts.hpp"
#include "base/json_text.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::agent {
namespace {

namespace json = boost::json;
namespace od = simdjson::ondemand;
using generation::finish_reason;

void take_count(od::value& value, std::int64_t& into) {
  if (const auto count = count_of(value)) into = *count;
}

// [{"modality":"AUDIO","tokenCount":4}, …]
bool take_audio(od::value& value, std::int64_t& into) {
  od::array list;
  if (value.get_array().get(list)) return false;
  for (auto item : list) {
    od::object one;
    if (item.get_object().get(one)) return false;
    bool is_audio = false;
    std::int64_t count = 0;
    for (auto member : one) {
      if (member.error()) return false;
      od::field field = member.value_unsafe();
      const std::string_view name = raw_name(field);
      od::value inner = field.value();
      std::string_view word;
      if (name == "modality") is_audio = raw_string(inner, word) && word == "AUDIO";
      if (name == "tokenCount" && kind_of(inner) == json_kind::number) take_count(inner, count);
    }
    if (is_audio) into = count;
  }
  return true;
}

std::string_view text_in(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

const json::array* list_in(const json::value& from, std::string_view name) {
  const json::object* const object = from.if_object();
  const json::value* const value = object == nullptr ? nullptr : object->if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

json::object logprob_of(const json::value& candidate) {
  json::object made{{"token", ""}, {"logprob", 0.0}, {"bytes", nullptr}};
  const json::object* const told = candidate.if_object();
  if (told == nullptr) return made;
  made["token"] = text_in(*told, "token");
  const json::value* const number = told->if_contains("logProbability");
  if (number != nullptr && number->is_number()) made["logprob"] = *number;
  return made;
}

}  // namespace

std::optional<finish_reason> finish_reason_of_gemini(std::string_view word) {
  if (word.empty() || word == "FINISH_REASON_UNSPECIFIED") return std::nullopt;
  constexpr std::array<std::pair<std::string_view, finish_reason>, 18> words{{
      {"STOP", finish_reason::stop},
      {"MAX_TOKENS", finish_reason::length},
      {"CONTINUATION", finish_reason::pause},
      {"SAFETY", finish_reason::content_filter},
      {"RECITATION", finish_reason::content_filter},
      {"LANGUAGE", finish_reason::content_filter},
      {"BLOCKLIST", finish_reason::content_filter},
      {"PROHIBITED_CONTENT", finish_reason::content_filter},
      {"SPII", finish_reason::content_filter},
      {"MODEL_ARMOR", finish_reason::content_filter},
      {"IMAGE_SAFETY", finish_reason::content_filter},
      {"IMAGE_PROHIBITED_CONTENT", finish_reason::content_filter},
      {"IMAGE_RECITATION", finish_reason::content_filter},
      {"MALFORMED_FUNCTION_CALL", finish_reason::error},
      {"MALFORMED_RESPONSE", finish_reason::error},
      {"MISSING_THOUGHT_SIGNATURE", finish_reason::error},
      {"UNEXPECTED_TOOL_CALL", finish_reason::error},
      {"TOO_MANY_TOOL_CALLS", finish_reason::error},
  }};
  const auto* const found = std::ranges::find(words, word, &std::pair<std::string_view, finish_reason>::first);
  return found == words.end() ? finish_reason::stop : found->second;
}

bool read_gemini_usage(od::object object, gemini_usage& into) {
  for (auto item : object) {
    if (item.error()) return false;
    od::field field = item.value_unsafe();
    const std::string_view name = raw_name(field);
    od::value value = field.value();
    const json_kind kind = kind_of(value);
    if (kind == json_kind::number) {
      if (name == "promptTokenCount") take_count(value, into.prompt);
      if (name == "toolUsePromptTokenCount") take_count(value, into.tool_prompt);
      if (name == "cachedContentTokenCount") take_count(value, into.cached);
      if (name == "candidatesTokenCount") take_count(value, into.candidates);
      if (name == "thoughtsTokenCount") take_count(value, into.thoughts);
    } else if (kind == json_kind::array) {
      if (name == "promptTokensDetails" && !take_audio(value, into.input_audio)) return false;
      if (name == "candidatesTokensDetails" && !take_audio(value, into.output_audio)) return false;
    }
  }
  return true;
}

generation::usage gemini_usage::settled() const {
  const std::int64_t input = prompt + tool_prompt;
  const std::int64_t output = candidates + thoughts;
  return {.input_tokens = input,
          .cached_tokens = std::min(cached, input),
          .input_audio_tokens = std::min(input_audio, input),
          .output_tokens = output,
          .reasoning_tokens = thoughts,
          .output_audio_tokens = std::min(output_audio, output),
          .source = generation::usage_source::provider};
}

bool gemini_call::read(od::object object) {
  for (auto item : object) {
    if (item.error()) return false;
    od::field field = item.value_unsafe();
    const std::string_view key = raw_name(field);
    od::value value = field.value();
    const json_kind kind = kind_of(value);
    if (kind == json_kind::null) continue;
    std::string_view inside;
    if (key == "id" || key == "name") {
      if (!raw_string(value, inside)) return false;
      (key == "id" ? id : name) = unescaped(inside);
    } else if (key == "args") {
      if (kind != json_kind::object || !raw_json(value, arguments)) return false;
    } else {
      append_vendor_field(others, key, value);
    }
  }
  return !name.empty();
}

bool gemini_part::read(od::object object) {
  for (auto item : object) {
    if (item.error()) return false;
    od::field field = item.value_unsafe();
    const std::string_view name = raw_name(field);
    od::value value = field.value();
    const json_kind kind = kind_of(value);
    if (kind == json_kind::null) continue;
    std::string_view inside;
    if (name == "text") {
      if (!raw_string(value, text)) return false;
    } else if (name == "thought") {
      if (kind != json_kind::boolean || value.get_bool().get(is_thought)) return false;
    } else if (name == "thoughtSignature") {
      if (!raw_string(value, inside)) return false;
      signature = unescaped(inside);
    } else if (name == "functionCall") {
      od::object inner;
      if (kind != json_kind::object || value.get_object().get(inner) || !call.emplace().read(inner)) return false;
    } else if (name == "inlineData") {
      if (kind != json_kind::object || !raw_json(value, inline_data)) return false;
    } else {
      append_vendor_field(others, name, value);
    }
  }
  return true;
}

std::optional<generation::content_part> gemini_part::whole() const {
  if (inline_data.empty() && others.empty()) return std::nullopt;
  if (!inline_data.empty() && !is_thought) {
    const json::object told = generation::parse_vendor_fields(inline_data);
    std::string data(text_in(told, "data"));
    std::string type(text_in(told, "mimeType"));
    generation::content_part made;
    if (type.starts_with("image/")) {
      made.what = generation::image_part{.media_type = std::move(type), .data = std::move(data)};
    } else if (type.starts_with("audio/")) {
      made.what = generation::audio_part{.data = std::move(data), .format = std::move(type)};
    } else {
      made.what = generation::file_part{.filename = std::string(text_in(told, "displayName")),
                                        .media_type = std::move(type),
                                        .data = std::move(data)};
    }
    if (!signature.empty()) made.extensions["thoughtSignature"] = signature;
    return made;
  }
  std::string object = "{" + others;
  const auto add = [&object](std::string_view name) -> std::string& {
    if (object.size() > 1) object.push_back(',');
    append_json_string(object, name);
    object.push_back(':');
    return object;
  };
  if (!inline_data.empty()) add("inlineData").append(inline_data);
  if (is_thought) add("thought").append("true");
  if (!signature.empty()) append_json_string(add("thoughtSignature"), signature);
  object.push_back('}');
  json::object value = generation::parse_vendor_fields(object);
  if (value.empty()) return std::nullopt;
  return generation::content_part{
      generation::vendor_part{.dialect = std::string(gemini_dialect), .value = std::move(value)}};
}

std::string logprobs_of_gemini(std::string_view text) {
  const json::value told = generation::parse_vendor_fields(text);
  const json::array* const chosen = list_in(told, "chosenCandidates");
  const json::array* const top = list_in(told, "topCandidates");
  if (chosen == nullptr || chosen->empty()) return {};
  json::array content;
  for (std::size_t at = 0; at < chosen->size(); ++at) {
    json::object one = logprob_of((*chosen)[at]);
    json::array others;
    if (top != nullptr && at < top->size()) {
      if (const json::array* const candidates = list_in((*top)[at], "candidates")) {
        for (const json::value& candidate : *candidates)
          others.push_back(logprob_of(candidate));
      }
    }
    one["top_logprobs"] = std::move(others);
    content.push_back(std::move(one));
  }
  return json::serialize(json::object{{"content", std::move(content)}});
}

}  // namespace sluice::agent
