#include "gateway/faces/gemini_content.hpp"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "door/field_reader.hpp"
#include "gateway/faces/gemini_schema.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::gateway::gemini {
namespace {

namespace json = boost::json;
using door::field_reader;
using generation::content_part;
using generation::message;
using generation::role;
using generation::vendor_fields_of;

constexpr std::size_t parts_max = 3600;  // Google's bound of images in one request
constexpr std::size_t calls_max = 2048;  // they are looked through for each result

std::unexpected<error> refuse(std::string what, std::string path) {
  return failure(error_reason::invalid_argument, std::move(what), std::move(path));
}

// The object under `name`, its keys in camelCase; null if it is not there.
result<std::optional<json::object>> object_in(const json::object& from, std::string_view name,
                                              const std::string& path) {
  const json::value* const value = from.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_object()) return refuse("must be an object", fmt::format("{}.{}", path, name));
  return with_camel_keys(value->get_object());
}

// As OpenAI names the two formats that everybody knows; the rest keeps its type.
std::string audio_format_of(std::string_view type) {
  if (type == "audio/wav" || type == "audio/x-wav" || type == "audio/wave") return "wav";
  if (type == "audio/mp3" || type == "audio/mpeg") return "mp3";
  return std::string(type);
}

result<content_part> inline_of(const json::object& part, const json::object& blob, const std::string& path) {
  std::string type;
  std::string data;
  std::string name;
  field_reader fields(blob, path + ".inlineData.");
  fields.text("mimeType", type);
  fields.text("data", data);
  fields.text("displayName", name);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (type.empty()) return refuse("is missing", path + ".inlineData.mimeType");
  if (data.empty()) return refuse("is missing", path + ".inlineData.data");
  content_part made{.what = {}, .extensions = vendor_fields_of(part, {"inlineData"})};
  if (type.starts_with("image/")) {
    made.what = generation::image_part{.media_type = std::move(type), .data = std::move(data)};
  } else if (type.starts_with("audio/")) {
    made.what = generation::audio_part{.data = std::move(data), .format = audio_format_of(type)};
  } else {
    made.what =
        generation::file_part{.filename = std::move(name), .media_type = std::move(type), .data = std::move(data)};
  }
  return made;
}

result<content_part> file_of(const json::object& part, const json::object& file, const std::string& path) {
  std::string type;
  std::string uri;
  field_reader fields(file, path + ".fileData.");
  fields.text("mimeType", type);
  fields.text("fileUri", uri);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (uri.empty()) return refuse("is missing", path + ".fileData.fileUri");
  content_part made{.what = {}, .extensions = vendor_fields_of(part, {"fileData"})};
  if (type.starts_with("image/")) {
    made.what = generation::image_part{.url = std::move(uri), .media_type = std::move(type)};
  } else {
    made.what = generation::file_part{.url = std::move(uri), .media_type = std::move(type)};
  }
  return made;
}

result<content_part> text_of(const json::object& part, const std::string& path) {
  std::string text;
  std::optional<bool> is_thought;
  std::string signature;
  field_reader fields(part, path + ".");
  fields.text("text", text);
  fields.boolean("thought", is_thought);
  fields.text("thoughtSignature", signature);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (is_thought.value_or(false)) {
    return content_part{.what = generation::reasoning_part{.text = std::move(text), .signature = std::move(signature)},
                        .extensions = vendor_fields_of(part, {"text", "thought", "thoughtSignature"})};
  }
  return content_part{.what = generation::text_part{std::move(text)},
                      .extensions = vendor_fields_of(part, {"text", "thought"})};
}

// What a stream gave in pieces is one part again. A signature stands on its last piece.
bool join(content_part& before, content_part& next) {
  if (auto* const text = std::get_if<generation::text_part>(&before.what)) {
    const auto* const more = std::get_if<generation::text_part>(&next.what);
    if (more == nullptr || !before.extensions.empty()) return false;
    text->text += more->text;
    before.extensions = std::move(next.extensions);
    return true;
  }
  auto* const thought = std::get_if<generation::reasoning_part>(&before.what);
  auto* const more = std::get_if<generation::reasoning_part>(&next.what);
  if (thought == nullptr || more == nullptr || !thought->signature.empty() || !before.extensions.empty()) return false;
  thought->text += more->text;
  thought->signature = std::move(more->signature);
  before.extensions = std::move(next.extensions);
  return true;
}

bool is_empty(const content_part& part) {
  const auto* const text = std::get_if<generation::text_part>(&part.what);
  return text != nullptr && text->text.empty() && part.extensions.empty();
}

}  // namespace

content_reader::outcome content_reader::call_of(const json::object& part, const std::string& path) {
  const auto function = object_in(part, "functionCall", path);
  if (!function) return std::unexpected(function.error());
  generation::tool_call_part made;
  json::object arguments;
  field_reader fields(**function, path + ".functionCall.");
  fields.text("id", made.id);
  fields.text("name", made.name);
  fields.object("args", arguments);
  field_reader outer(part, path + ".");
  outer.text("thoughtSignature", made.signature);
  for (const field_reader* one : {&fields, &outer}) {
    if (one->problem()) return std::unexpected(*one->problem());
  }
  if (made.name.empty()) return refuse("is missing", path + ".functionCall.name");
  if (calls_.size() >= calls_max) return refuse(fmt::format("there may be at most {} calls", calls_max), path);
  if (made.id.empty()) made.id = fmt::format("call_{}", calls_.size() + 1);
  calls_.push_back({.id = made.id, .name = made.name});
  made.arguments = json::serialize(arguments);
  return content_part{.what = std::move(made),
                      .extensions = vendor_fields_of(part, {"functionCall", "thoughtSignature"})};
}

// Of the first call of that name which has no result yet.
std::string content_reader::id_for(const std::string& name) {
  const auto open = [&](const call& one) { return !one.is_answered && one.name == name; };
  const auto found = std::ranges::find_if(calls_, open);
  if (found == calls_.end()) return {};
  found->is_answered = true;
  return found->id;
}

content_reader::outcome content_reader::response_of(const json::object& part, const std::string& path) {
  const auto function = object_in(part, "functionResponse", path);
  if (!function) return std::unexpected(function.error());
  generation::tool_result_part made;
  json::object response;
  field_reader fields(**function, path + ".functionResponse.");
  fields.text("id", made.tool_call_id);
  fields.text("name", made.name);
  fields.object("response", response);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (made.name.empty()) return refuse("is missing", path + ".functionResponse.name");
  if (made.tool_call_id.empty()) {
    made.tool_call_id = id_for(made.name);
  } else if (const auto known = std::ranges::find(calls_, made.tool_call_id, &call::id); known != calls_.end()) {
    known->is_answered = true;
  }
  if (made.tool_call_id.empty())
    return refuse(fmt::format("there is no call of \"{}\" before that waits for a result", made.name),
                  path + ".functionResponse");
  // Google's own words for plain results.
  const auto plain = [&](std::string_view name) -> const json::string* {
    const json::value* const value = response.size() == 1 ? response.if_contains(name) : nullptr;
    return value == nullptr ? nullptr : value->if_string();
  };
  if (const json::string* const failed = plain("error")) {
    made.is_error = true;
    made.content.push_back({generation::text_part{std::string(*failed)}});
  } else if (const json::string* const said = plain("output"); said != nullptr && !said->starts_with('{')) {
    made.content.push_back({generation::text_part{std::string(*said)}});
  } else {
    made.content.push_back({generation::text_part{json::serialize(response)}});
  }
  if (const json::value* const media = (*function)->if_contains("parts"); media != nullptr && !media->is_null()) {
    auto parts = parts_of(media, path + ".functionResponse.parts");
    if (!parts) return std::unexpected(std::move(parts.error()));
    std::ranges::move(*parts, std::back_inserter(made.content));
  }
  return content_part{.what = std::move(made), .extensions = vendor_fields_of(part, {"functionResponse"})};
}

content_reader::outcome content_reader::part_of(const json::value& value, const std::string& path) {
  if (const json::string* const text = value.if_string())
    return content_part{generation::text_part{std::string(*text)}};
  if (!value.is_object()) return refuse("a part must be an object", path);
  const json::object part = with_camel_keys(value.get_object());
  if (part.contains("functionCall")) return call_of(part, path);
  if (part.contains("functionResponse")) return response_of(part, path);
  for (const auto& [name, read] : {std::pair("inlineData", &inline_of), std::pair("fileData", &file_of)}) {
    const auto found = object_in(part, name, path);
    if (!found) return std::unexpected(found.error());
    // An image that the model only thought of goes back as it came.
    if (*found && part.if_contains("thought") == nullptr) return read(part, **found, path);
  }
  if (part.contains("text")) return text_of(part, path);
  if (part.empty()) return refuse("is empty: it needs a \"text\", \"inlineData\" or the like", path);
  return content_part{generation::vendor_part{.dialect = "gemini", .value = part}};
}

result<std::vector<content_part>> content_reader::parts_of(const json::value* parts, const std::string& path) {
  std::vector<content_part> made;
  if (parts == nullptr || parts->is_null()) return made;
  // The SDKs write one part for a list of one, too.
  const json::array alone = parts->is_array() ? json::array() : json::array{*parts};
  const json::array& list = parts->is_array() ? parts->get_array() : alone;
  if (list.size() > parts_max) {
    return failure(error_reason::too_large, fmt::format("there may be at most {} parts", parts_max), path);
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto part = part_of(list[i], fmt::format("{}[{}]", path, i));
    if (!part) return std::unexpected(std::move(part.error()));
    made.push_back(std::move(*part));
  }
  return made;
}

result<void> content_reader::append(std::vector<message>& to, const json::value& content, const std::string& path) {
  if (!content.is_object()) return refuse(R"(must be an object {"role":…,"parts":[…]})", path);
  const json::object told = with_camel_keys(content.get_object());
  std::string speaker;
  field_reader fields(told, path + ".");
  fields.text("role", speaker);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (!speaker.empty() && speaker != "user" && speaker != "model" && speaker != "function")
    return refuse(R"(must be "user" or "model")", path + ".role");
  auto parts = parts_of(told.if_contains("parts"), path + ".parts");
  if (!parts) return std::unexpected(std::move(parts.error()));
  const role of = speaker == "model" ? role::assistant : role::user;
  for (content_part& part : *parts) {
    if (is_empty(part)) continue;
    const bool is_result = std::holds_alternative<generation::tool_result_part>(part.what);
    const role here = is_result ? role::tool : of;
    if (to.empty() || to.back().role != here || is_result) to.push_back({.role = here});
    std::vector<content_part>& said = to.back().parts;
    if (of == role::assistant && !said.empty() && join(said.back(), part)) continue;
    said.push_back(std::move(part));
  }
  return {};
}

result<void> content_reader::append_system(std::vector<message>& to, const json::value& content) {
  const json::value* parts = &content;
  json::object told;
  if (content.is_object() && !content.get_object().contains("text")) {
    told = with_camel_keys(content.get_object());
    parts = told.if_contains("parts");
  }
  auto read = parts_of(parts, "systemInstruction.parts");
  if (!read) return std::unexpected(std::move(read.error()));
  std::erase_if(*read, is_empty);
  if (!read->empty()) to.push_back({.role = role::system, .parts = std::move(*read)});
  return {};
}

}  // namespace sluice::gateway::gemini
