#include "generation/content_json.hpp"

#include <array>

#include <boost/json.hpp>

#include "generation/json_fields.hpp"

namespace sluice::generation {
namespace {

struct part_writer {
  json::object& to;

  void operator()(const text_part& part) const { to = {{"type", "text"}, {"text", part.text}}; }
  void operator()(const image_part& part) const {
    to = {{"type", "image"}};
    put(to, "url", part.url);
    put(to, "media_type", part.media_type);
    put(to, "data", part.data);
    put(to, "detail", part.detail);
  }
  void operator()(const audio_part& part) const {
    to = {{"type", "audio"}};
    put(to, "data", part.data);
    put(to, "format", part.format);
  }
  void operator()(const file_part& part) const {
    to = {{"type", "file"}};
    put(to, "file_id", part.file_id);
    put(to, "filename", part.filename);
    put(to, "url", part.url);
    put(to, "media_type", part.media_type);
    put(to, "data", part.data);
  }
  void operator()(const reasoning_part& part) const {
    to = {{"type", "reasoning"}, {"text", part.text}};
    put(to, "id", part.id);
    put(to, "signature", part.signature);
    put(to, "redacted", part.redacted);
    put(to, "is_summary", part.is_summary);
  }
  void operator()(const refusal_part& part) const { to = {{"type", "refusal"}, {"text", part.text}}; }
  void operator()(const tool_call_part& part) const {
    to = {{"type", "tool_call"}, {"id", part.id}, {"name", part.name}, {"arguments", part.arguments}};
    put(to, "signature", part.signature);
    put(to, "is_custom", part.is_custom);
  }
  void operator()(const tool_result_part& part) const {
    to = {{"type", "tool_result"}, {"tool_call_id", part.tool_call_id}, {"content", to_json(part.content)}};
    put(to, "name", part.name);
    put(to, "is_error", part.is_error);
  }
  void operator()(const vendor_part& part) const {
    to = {{"type", "vendor"}, {"dialect", part.dialect}, {"value", part.value}};
  }
};

result<content_part> parse_part(const json::object& from) {
  content_part part;
  const auto text = [&from](std::string_view name) { return text_of(from, name); };
  const std::string type = text("type");
  if (type == "text") {
    part.what = text_part{text("text")};
  } else if (type == "image") {
    part.what = image_part{
        .url = text("url"), .media_type = text("media_type"), .data = text("data"), .detail = text("detail")};
  } else if (type == "audio") {
    part.what = audio_part{.data = text("data"), .format = text("format")};
  } else if (type == "file") {
    part.what = file_part{.file_id = text("file_id"),
                          .filename = text("filename"),
                          .url = text("url"),
                          .media_type = text("media_type"),
                          .data = text("data")};
  } else if (type == "reasoning") {
    part.what = reasoning_part{.id = text("id"),
                               .text = text("text"),
                               .signature = text("signature"),
                               .redacted = text("redacted"),
                               .is_summary = flag_of(from, "is_summary")};
  } else if (type == "refusal") {
    part.what = refusal_part{text("text")};
  } else if (type == "tool_call") {
    part.what = tool_call_part{.id = text("id"),
                               .name = text("name"),
                               .arguments = text("arguments"),
                               .signature = text("signature"),
                               .is_custom = flag_of(from, "is_custom")};
  } else if (type == "tool_result") {
    const json::value* const content = from.if_contains("content");
    if (content == nullptr) return damaged("tool_result");
    auto inner = parse_parts(*content);
    if (!inner) return std::unexpected(std::move(inner.error()));
    part.what = tool_result_part{.tool_call_id = text("tool_call_id"),
                                 .name = text("name"),
                                 .content = std::move(*inner),
                                 .is_error = flag_of(from, "is_error")};
  } else if (type == "vendor") {
    const json::value* const value = from.if_contains("value");
    if (value == nullptr) return damaged("vendor part");
    part.what = vendor_part{.dialect = text("dialect"), .value = *value};
  } else {
    return damaged("type of a part");
  }
  if (const json::value* const citations = from.if_contains("citations"); citations != nullptr && citations->is_array())
    part.citations = citations->get_array();
  part.extensions = object_of(from, "extensions");
  return part;
}

json::object to_json(const error& from) {
  json::object to{{"reason", to_string(from.reason)}, {"message", from.message}};
  put(to, "param", from.param);
  put(to, "detail", from.detail);
  if (from.retry_after) to.emplace("retry_after_ms", from.retry_after->count());
  return to;
}

error parse_error(const json::object& from) {
  error read{.reason = value_named(text_of(from, "reason"), error_reason::timed_out),
             .message = text_of(from, "message"),
             .param = text_of(from, "param")};
  read.detail = text_of(from, "detail");
  if (from.contains("retry_after_ms")) read.retry_after = std::chrono::milliseconds(number_of(from, "retry_after_ms"));
  return read;
}

constexpr std::array<std::pair<const char*, std::int64_t usage::*>, 9> usage_counts{{
    {"input_tokens", &usage::input_tokens},
    {"cached_tokens", &usage::cached_tokens},
    {"cache_write_tokens", &usage::cache_write_tokens},
    {"input_audio_tokens", &usage::input_audio_tokens},
    {"output_tokens", &usage::output_tokens},
    {"reasoning_tokens", &usage::reasoning_tokens},
    {"output_audio_tokens", &usage::output_audio_tokens},
    {"accepted_prediction_tokens", &usage::accepted_prediction_tokens},
    {"rejected_prediction_tokens", &usage::rejected_prediction_tokens},
}};

}  // namespace

json::array to_json(const std::vector<content_part>& parts) {
  json::array list;
  list.reserve(parts.size());
  for (const content_part& part : parts) {
    json::object one;
    std::visit(part_writer{one}, part.what);
    if (!part.citations.empty()) one.emplace("citations", part.citations);
    if (!part.extensions.empty()) one.emplace("extensions", part.extensions);
    list.emplace_back(std::move(one));
  }
  return list;
}

result<std::vector<content_part>> parse_parts(const json::value& from) {
  const json::array* const list = from.if_array();
  if (list == nullptr) return damaged("list of parts");
  std::vector<content_part> parts;
  parts.reserve(list->size());
  for (const json::value& one : *list) {
    if (!one.is_object()) return damaged("part");
    auto part = parse_part(one.get_object());
    if (!part) return std::unexpected(std::move(part.error()));
    parts.push_back(std::move(*part));
  }
  return parts;
}

json::object to_json(const message& from) {
  json::object to{{"parts", to_json(from.parts)}};
  put(to, "name", from.name);
  if (!from.extensions.empty()) to.emplace("extensions", from.extensions);
  put(to, "provider", from.provider);
  return to;
}

result<message> parse_message(std::string_view text, role of) {
  auto read = parse_object(text);
  if (!read) return std::unexpected(std::move(read.error()));
  const json::value* const list = read->if_contains("parts");
  if (list == nullptr) return damaged("message");
  auto parts = parse_parts(*list);
  if (!parts) return std::unexpected(std::move(parts.error()));
  return message{.role = of,
                 .name = text_of(*read, "name"),
                 .parts = std::move(*parts),
                 .extensions = object_of(*read, "extensions"),
                 .provider = text_of(*read, "provider")};
}

json::object to_json(const usage& from) {
  json::object to;
  for (const auto& [name, count] : usage_counts)
    to.emplace(name, from.*count);
  to.emplace("source", to_string(from.source));
  return to;
}

usage parse_usage(const json::object& from) {
  usage read;
  for (const auto& [name, count] : usage_counts)
    read.*count = number_of(from, name);
  read.source = value_named(text_of(from, "source"), usage_source::estimated);
  return read;
}

json::object to_json(const finish& from) {
  json::array choices;
  for (const choice_finish& one : from.choices) {
    json::object choice{{"choice", one.choice}, {"reason", to_string(one.reason)}};
    put(choice, "provider_reason", one.provider_reason);
    put(choice, "stop_sequence", one.stop_sequence);
    choices.emplace_back(std::move(choice));
  }
  json::object to{{"status", to_string(from.status)}, {"choices", std::move(choices)},
                  {"usage", to_json(from.usage)},     {"attempts", from.attempts},
                  {"queue_ms", from.queue.count()},   {"total_ms", from.total.count()}};
  if (from.time_to_first_token) to.emplace("first_token_ms", from.time_to_first_token->count());
  if (from.problem) to.emplace("problem", to_json(*from.problem));
  if (from.cost_nano_usd) to.emplace("cost_nano_usd", *from.cost_nano_usd);
  put(to, "provider", from.provider);
  put(to, "provider_model", from.provider_model);
  put(to, "response_id", from.response_id);
  put(to, "extensions", from.extensions);
  if (!from.earlier.empty()) {
    json::array earlier;
    for (const failed_attempt& one : from.earlier) {
      earlier.push_back({{"provider", one.provider},
                         {"provider_model", one.provider_model},
                         {"reason", to_string(one.reason)},
                         {"total_ms", one.total.count()}});
    }
    to.emplace("earlier", std::move(earlier));
  }
  return to;
}

result<finish> parse_finish(std::string_view text) {
  auto read = parse_object(text);
  if (!read) return std::unexpected(std::move(read.error()));
  finish how;
  how.status = value_named(text_of(*read, "status"), status::failed);
  if (const json::value* const list = read->if_contains("choices"); list != nullptr && list->is_array()) {
    for (const json::value& one : list->get_array()) {
      if (!one.is_object()) return damaged("choice");
      const json::object& choice = one.get_object();
      how.choices.push_back({.choice = static_cast<std::uint8_t>(number_of(choice, "choice")),
                             .reason = value_named(text_of(choice, "reason"), finish_reason::error),
                             .provider_reason = text_of(choice, "provider_reason"),
                             .stop_sequence = text_of(choice, "stop_sequence")});
    }
  }
  how.usage = parse_usage(object_of(*read, "usage"));
  how.attempts = static_cast<std::uint32_t>(number_of(*read, "attempts"));
  how.queue = std::chrono::milliseconds(number_of(*read, "queue_ms"));
  how.total = std::chrono::milliseconds(number_of(*read, "total_ms"));
  if (read->contains("first_token_ms"))
    how.time_to_first_token = std::chrono::milliseconds(number_of(*read, "first_token_ms"));
  if (read->contains("problem")) how.problem = parse_error(object_of(*read, "problem"));
  if (read->contains("cost_nano_usd")) how.cost_nano_usd = number_of(*read, "cost_nano_usd");
  how.provider = text_of(*read, "provider");
  how.provider_model = text_of(*read, "provider_model");
  how.response_id = text_of(*read, "response_id");
  how.extensions = text_of(*read, "extensions");
  if (const json::value* const list = read->if_contains("earlier"); list != nullptr && list->is_array()) {
    for (const json::value& one : list->get_array()) {
      if (!one.is_object()) return damaged("attempt");
      const json::object& attempt = one.get_object();
      how.earlier.push_back({.provider = text_of(attempt, "provider"),
                             .provider_model = text_of(attempt, "provider_model"),
                             .reason = value_named(text_of(attempt, "reason"), error_reason::timed_out),
                             .total = std::chrono::milliseconds(number_of(attempt, "total_ms"))});
    }
  }
  return how;
}

}  // namespace sluice::generation
