#include "gateway/faces/gemini_parts.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "base/json_text.hpp"
#include "generation/content_json.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::gateway::gemini {
namespace {

namespace json = boost::json;
using generation::delta_kind;
using generation::finish_reason;

json::value parse_or_null(std::string_view text) {
  boost::system::error_code bad;
  json::value value = json::parse(text, bad);
  return bad ? json::value() : value;
}

json::object blob(std::string_view type, std::string_view data, std::string_view name = {}) {
  json::object made{{"mimeType", type}, {"data", data}};
  if (!name.empty()) made["displayName"] = name;
  return {{"inlineData", std::move(made)}};
}

json::object file(std::string_view type, std::string_view uri) {
  json::object made{{"fileUri", uri}};
  if (!type.empty()) made["mimeType"] = type;
  return {{"fileData", std::move(made)}};
}

// Empty for what has no place here.
json::object part_of(const generation::content_part& from) {
  json::object made;
  if (const auto* const image = std::get_if<generation::image_part>(&from.what)) {
    made = image->data.empty() ? file(image->media_type, image->url) : blob(image->media_type, image->data);
  } else if (const auto* const audio = std::get_if<generation::audio_part>(&from.what)) {
    made = blob(audio->format.contains('/') ? audio->format : "audio/" + audio->format, audio->data);
  } else if (const auto* const document = std::get_if<generation::file_part>(&from.what)) {
    made = document->data.empty() ? file(document->media_type, document->url)
                                  : blob(document->media_type, document->data, document->filename);
  } else if (const auto* const vendor = std::get_if<generation::vendor_part>(&from.what)) {
    if (vendor->dialect == "gemini" && vendor->value.is_object()) made = vendor->value.get_object();
  }
  if (const json::value* const signature = from.extensions.if_contains("thoughtSignature"); !made.empty() && signature)
    made["thoughtSignature"] = *signature;
  return made;
}

// OpenAI's way, as the neutral model keeps them, back into Gemini's.
json::value logprobs_of(const json::value& told) {
  const auto one_of = [](const json::value& token) {
    json::object made;
    if (!token.is_object()) return made;
    if (const json::value* const text = token.get_object().if_contains("token")) made["token"] = *text;
    if (const json::value* const number = token.get_object().if_contains("logprob")) made["logProbability"] = *number;
    return made;
  };
  const json::value* const content = told.is_object() ? told.get_object().if_contains("content") : nullptr;
  if (content == nullptr || !content->is_array()) return nullptr;
  json::array chosen;
  json::array top;
  for (const json::value& token : content->get_array()) {
    chosen.push_back(one_of(token));
    json::array others;
    const json::value* const list = token.is_object() ? token.get_object().if_contains("top_logprobs") : nullptr;
    if (list != nullptr && list->is_array()) {
      for (const json::value& other : list->get_array())
        others.push_back(one_of(other));
    }
    top.push_back(json::object{{"candidates", std::move(others)}});
  }
  return json::object{{"chosenCandidates", std::move(chosen)}, {"topCandidates", std::move(top)}};
}

}  // namespace

bool is_thought(delta_kind kind) {
  return kind == delta_kind::reasoning || kind == delta_kind::reasoning_summary;
}

void begin_text_part(std::string& out, bool is_thought) {
  out += is_thought ? R"({"thought":true,"text":")" : R"({"text":")";
}

void end_text_part(std::string& out) {
  out += "\"}";
}

void candidate_parts::take(delta_kind kind, std::string_view bytes) {
  switch (kind) {
    case delta_kind::tool_call:
      return add_call(bytes);
    case delta_kind::signature:
      return add_signature(bytes);
    case delta_kind::part:
      return add_part(bytes);
    case delta_kind::extension:
      return add_metadata(bytes);
    case delta_kind::citation:
      return add_citation(bytes);
    case delta_kind::text:
    case delta_kind::reasoning:
    case delta_kind::reasoning_summary:
    case delta_kind::refusal:
      is_behind_thought_ = is_thought(kind);
      return close_calls();
    case delta_kind::usage:
    case delta_kind::rewind:
    case delta_kind::finish:
      return close_calls();
  }
}

void candidate_parts::add_call(std::string_view bytes) {
  const generation::tool_call_fragment fragment = generation::decode_tool_call(bytes);
  auto known = std::ranges::find(calls_, fragment.index, &call::index);
  if (known == calls_.end()) known = calls_.insert(calls_.end(), {.index = fragment.index, .id = {}, .name = {}});
  known->id += fragment.id;
  known->name += fragment.name;
  known->arguments += fragment.arguments;
  known->is_custom = fragment.is_custom;
}

// It belongs to the part before: to the call, or to text that has been said, whose signature an empty one carries.
void candidate_parts::add_signature(std::string_view bytes) {
  if (!calls_.empty()) {
    calls_.back().signature += bytes;
    return;
  }
  std::string part;
  begin_text_part(part, is_behind_thought_);
  append_json_string(part.append(R"(","thoughtSignature":)"), bytes);
  ready_.push_back(part + "}");
}

void candidate_parts::add_part(std::string_view bytes) {
  close_calls();
  const json::value told = parse_or_null(bytes);
  const auto read = generation::parse_parts(json::array{told});
  if (!read || read->empty()) return;
  const json::object part = gemini::part_of(read->front());
  if (!part.empty()) ready_.push_back(json::serialize(part));
}

// Only what Gemini's own SDKs know: some of them refuse every other name.
void candidate_parts::add_metadata(std::string_view bytes) {
  const json::value told = parse_or_null(bytes);
  const json::value* const choice = told.is_object() ? told.get_object().if_contains("choice") : nullptr;
  if (choice == nullptr || !choice->is_object()) return;
  for (const char* const name : {"safetyRatings", "groundingMetadata", "urlContextMetadata", "avgLogprobs",
                                 "finishMessage", "groundingAttributions"}) {
    if (const json::value* const value = choice->get_object().if_contains(name)) metadata_[name] = *value;
  }
  if (const json::value* const logprobs = choice->get_object().if_contains("logprobs")) {
    json::value made = logprobs_of(*logprobs);
    if (made.is_object()) generation::join_vendor_fields(metadata_, {{"logprobsResult", std::move(made)}});
  }
}

void candidate_parts::add_citation(std::string_view bytes) {
  const json::value told = parse_or_null(bytes);
  if (!told.is_object()) return;
  const json::object& source = told.get_object();
  if (!source.contains("type")) {
    citations_.push_back(source);  // Gemini's own
    return;
  }
  // OpenAI's: {"type":"url_citation","url_citation":{"url":…,"title":…,"start_index":…,"end_index":…}}
  const json::value* const inner = source.if_contains("url_citation");
  const json::object& from = inner != nullptr && inner->is_object() ? inner->get_object() : source;
  json::object made;
  for (const auto& [name, here] : {std::pair("url", "uri"), std::pair("title", "title"),
                                   std::pair("start_index", "startIndex"), std::pair("end_index", "endIndex")}) {
    if (const json::value* const value = from.if_contains(name)) made[here] = *value;
  }
  if (made.contains("uri")) citations_.push_back(std::move(made));
}

std::string candidate_parts::part_of(const call& one) {
  json::value arguments = one.is_custom ? json::value{{"input", one.arguments}} : parse_or_null(one.arguments);
  if (!arguments.is_object()) arguments = json::object();
  json::object function{{"name", one.name}, {"args", std::move(arguments)}};
  if (!one.id.empty()) function["id"] = one.id;
  json::object part{{"functionCall", std::move(function)}};
  if (!one.signature.empty()) part["thoughtSignature"] = one.signature;
  return json::serialize(part);
}

void candidate_parts::close_calls() {
  std::ranges::sort(calls_, {}, &call::index);
  for (const call& one : calls_)
    ready_.push_back(part_of(one));
  calls_.clear();
}

std::vector<std::string> candidate_parts::take_ready(bool all) {
  if (all) close_calls();
  return std::exchange(ready_, {});
}

json::object candidate_parts::take_metadata() {
  json::object made = std::exchange(metadata_, {});
  if (!citations_.empty()) made["citationMetadata"] = {{"citationSources", std::exchange(citations_, {})}};
  return made;
}

std::string_view finish_reason_of(const generation::choice_finish& how) {
  constexpr std::array<std::string_view, 13> words{
      "STOP", "MAX_TOKENS",         "SAFETY",   "RECITATION",   "LANGUAGE",    "OTHER",           "BLOCKLIST",
      "SPII", "PROHIBITED_CONTENT", "NO_IMAGE", "IMAGE_SAFETY", "IMAGE_OTHER", "IMAGE_RECITATION"};
  if (const auto* const own = std::ranges::find(words, how.provider_reason); own != words.end()) return *own;
  switch (how.reason) {
    case finish_reason::stop:
    case finish_reason::stop_sequence:
    case finish_reason::tool_calls:
      return "STOP";
    case finish_reason::length:
    case finish_reason::context_length:
      return "MAX_TOKENS";
    case finish_reason::content_filter:
    case finish_reason::refusal:
      return "SAFETY";
    case finish_reason::pause:
    case finish_reason::cancelled:
    case finish_reason::error:
      return "OTHER";
  }
  return "OTHER";
}

json::object usage_of(const generation::usage& used) {
  json::object made{{"promptTokenCount", used.input_tokens},
                    {"candidatesTokenCount", std::max<std::int64_t>(used.output_tokens - used.reasoning_tokens, 0)},
                    {"totalTokenCount", used.total_tokens()}};
  if (used.reasoning_tokens != 0) made["thoughtsTokenCount"] = used.reasoning_tokens;
  if (used.cached_tokens != 0) made["cachedContentTokenCount"] = used.cached_tokens;
  return made;
}

}  // namespace sluice::gateway::gemini
