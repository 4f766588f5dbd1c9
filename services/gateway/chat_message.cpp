#include "gateway/chat_message.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "door/field_reader.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::gateway {

using namespace door;

namespace {

namespace json = boost::json;
using generation::add_vendor_fields;
using generation::content_part;
using generation::vendor_fields_of;

constexpr std::size_t parts_max = 1024;
constexpr std::size_t tool_calls_max = 1024;

const json::object* object_in(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

// "data:image/png;base64,AAAA" → media type and data; other URLs stay whole.
generation::image_part make_image(std::string url, std::string detail) {
  generation::image_part image{.url = {}, .media_type = {}, .data = {}, .detail = std::move(detail)};
  constexpr std::string_view marker = ";base64,";
  const std::size_t at = url.find(marker);
  if (url.starts_with("data:") && at != std::string::npos) {
    image.media_type = url.substr(5, at - 5);
    image.data = url.substr(at + marker.size());
  } else {
    image.url = std::move(url);
  }
  return image;
}

result<content_part> parse_image(const json::object& part, const std::string& path) {
  const json::object* const described = object_in(part, "image_url");
  std::string url;
  std::string detail;
  if (described != nullptr) {
    field_reader fields(*described, path + ".image_url.");
    fields.text("url", url);
    fields.text("detail", detail);
    if (fields.problem()) return std::unexpected(*fields.problem());
  }
  if (url.empty())
    return failure(error_reason::invalid_argument, "an image needs image_url.url", path + ".image_url.url");
  content_part made{.what = make_image(std::move(url), std::move(detail)),
                    .extensions = vendor_fields_of(part, {"type", "image_url"})};
  add_vendor_fields(made.extensions, "image_url", *described, {"url", "detail"});
  return made;
}

result<content_part> parse_audio(const json::object& part, const std::string& path) {
  generation::audio_part audio;
  const json::object* const described = object_in(part, "input_audio");
  if (described != nullptr) {
    field_reader fields(*described, path + ".input_audio.");
    fields.text("data", audio.data);
    fields.text("format", audio.format);
    if (fields.problem()) return std::unexpected(*fields.problem());
  }
  if (audio.data.empty())
    return failure(error_reason::invalid_argument, "audio needs input_audio.data", path + ".input_audio.data");
  content_part made{.what = std::move(audio), .extensions = vendor_fields_of(part, {"type", "input_audio"})};
  add_vendor_fields(made.extensions, "input_audio", *described, {"data", "format"});
  return made;
}

result<content_part> parse_file(const json::object& part, const std::string& path) {
  generation::file_part file;
  const json::object* const described = object_in(part, "file");
  if (described != nullptr) {
    field_reader fields(*described, path + ".file.");
    fields.text("file_id", file.file_id);
    fields.text("filename", file.filename);
    fields.text("file_data", file.data);
    if (fields.problem()) return std::unexpected(*fields.problem());
  }
  if (file.file_id.empty() && file.data.empty()) {
    return failure(error_reason::invalid_argument, "a file needs file.file_id or file.file_data", path + ".file");
  }
  content_part made{.what = std::move(file), .extensions = vendor_fields_of(part, {"type", "file"})};
  add_vendor_fields(made.extensions, "file", *described, {"file_id", "filename", "file_data"});
  return made;
}

result<content_part> parse_part(const json::value& value, const std::string& path) {
  const json::object* const part = value.if_object();
  const json::value* const type = part == nullptr ? nullptr : part->if_contains("type");
  if (type == nullptr || !type->is_string())
    return failure(error_reason::invalid_argument, "a content part needs a \"type\"", path + ".type");
  if (*type == "text" || *type == "refusal") {
    const json::value* const text = part->if_contains(type->get_string());
    if (text == nullptr || !text->is_string()) {
      return failure(error_reason::invalid_argument, "a text part needs a string",
                     fmt::format("{}.{}", path, std::string_view(type->get_string())));
    }
    std::string words(text->get_string());
    if (*type == "refusal") return content_part{generation::refusal_part{std::move(words)}};
    return content_part{.what = generation::text_part{std::move(words)},
                        .extensions = vendor_fields_of(*part, {"type", "text"})};
  }
  if (*type == "image_url") return parse_image(*part, path);
  if (*type == "input_audio") return parse_audio(*part, path);
  if (*type == "file") return parse_file(*part, path);
  return content_part{generation::vendor_part{.dialect = "openai", .value = value}};
}

result<content_part> parse_tool_call(const json::value& value, const std::string& path) {
  const json::object* const call = value.if_object();
  if (call == nullptr) return failure(error_reason::invalid_argument, "a tool call must be an object", path);
  generation::tool_call_part parsed;
  field_reader fields(*call, path + ".");
  fields.text("id", parsed.id);
  if (fields.problem()) return std::unexpected(*fields.problem());
  const json::object* const custom = object_in(*call, "custom");
  const json::object* const function = custom != nullptr ? custom : object_in(*call, "function");
  if (function == nullptr)
    return failure(error_reason::invalid_argument, "a tool call needs an object \"function\"", path + ".function");
  parsed.is_custom = custom != nullptr;
  field_reader inner(*function, path + (parsed.is_custom ? ".custom." : ".function."));
  inner.text("name", parsed.name);
  inner.text(parsed.is_custom ? "input" : "arguments", parsed.arguments);
  if (inner.problem()) return std::unexpected(*inner.problem());
  content_part made{.what = std::move(parsed),
                    .extensions = vendor_fields_of(*call, {"id", "index", "type", "function", "custom"})};
  if (custom != nullptr) {
    add_vendor_fields(made.extensions, "custom", *custom, {"name", "input"});
  } else {
    add_vendor_fields(made.extensions, "function", *function, {"name", "arguments"});
  }
  return made;
}

std::optional<error> add_tool_calls(const json::value& list, const std::string& path, generation::message& to) {
  const json::array* const calls = list.if_array();
  if (calls == nullptr || calls->size() > tool_calls_max) {
    return error{.reason = error_reason::invalid_argument,
                 .message = fmt::format("\"{}\" must be a list of at most {} calls", path, tool_calls_max),
                 .param = path};
  }
  for (std::size_t i = 0; i < calls->size(); ++i) {
    auto call = parse_tool_call((*calls)[i], fmt::format("{}[{}]", path, i));
    if (!call) return std::move(call.error());
    to.parts.push_back(std::move(*call));
  }
  return std::nullopt;
}

}  // namespace

result<std::vector<content_part>> parse_content(const json::value& value, const std::string& path) {
  std::vector<content_part> parts;
  if (const json::string* const text = value.if_string()) {
    if (text->empty()) return failure(error_reason::invalid_argument, fmt::format("\"{}\" is empty", path), path);
    parts.push_back({generation::text_part{std::string(*text)}});
    return parts;
  }
  const json::array* const items = value.if_array();
  if (items == nullptr || items->empty() || items->size() > parts_max) {
    return failure(error_reason::invalid_argument,
                   fmt::format("\"{}\" must be a string or a list of 1 to {} parts", path, parts_max), path);
  }
  for (std::size_t i = 0; i < items->size(); ++i) {
    auto part = parse_part((*items)[i], fmt::format("{}[{}]", path, i));
    if (!part) return std::unexpected(std::move(part.error()));
    parts.push_back(std::move(*part));
  }
  return parts;
}

result<generation::message> parse_message(const json::value& value, const std::string& path) {
  const json::object* const fields = value.if_object();
  if (fields == nullptr) return failure(error_reason::invalid_argument, "a message must be an object", path);
  generation::message parsed;
  std::string role;
  std::string tool_call_id;
  field_reader reader(*fields, path + ".");
  reader.text("role", role);
  reader.text("name", parsed.name);
  reader.text("tool_call_id", tool_call_id);
  if (reader.problem()) return std::unexpected(*reader.problem());
  const json::value* const older_call = fields->if_contains("function_call");
  if (role == "function" || (older_call != nullptr && !older_call->is_null())) {
    const std::string_view field = role == "function" ? "role" : "function_call";
    return failure(
        error_reason::invalid_argument,
        R"(functions are what OpenAI had before tools; use "tools", "tool_calls" and messages of role "tool")",
        fmt::format("{}.{}", path, field));
  }
  const auto known = generation::parse_role(role);
  if (!known) {
    return failure(error_reason::invalid_argument,
                   R"("role" must be "system", "developer", "user", "assistant" or "tool")", path + ".role");
  }
  parsed.role = *known;

  const json::value* const content = fields->if_contains("content");
  const bool has_content =
      content != nullptr && !content->is_null() && !(content->is_string() && content->get_string().empty());
  if (has_content) {
    auto parts = parse_content(*content, path + ".content");
    if (!parts) return std::unexpected(std::move(parts.error()));
    parsed.parts = std::move(*parts);
  }
  if (parsed.role == generation::role::tool) {
    if (tool_call_id.empty())
      return failure(error_reason::invalid_argument, "a tool's message needs tool_call_id", path + ".tool_call_id");
    generation::tool_result_part outcome{
        .tool_call_id = std::move(tool_call_id), .name = parsed.name, .content = std::move(parsed.parts)};
    parsed.parts.clear();
    parsed.parts.push_back({std::move(outcome)});
  }
  if (const json::value* const calls = fields->if_contains("tool_calls"); calls != nullptr && !calls->is_null()) {
    if (auto problem = add_tool_calls(*calls, path + ".tool_calls", parsed))
      return std::unexpected(std::move(*problem));
  }
  // A user who says nothing has made a mistake; an assistant's or tool's empty turn may stand in a history.
  if (parsed.parts.empty() && parsed.role != generation::role::assistant) {
    return failure(error_reason::invalid_argument, "\"content\" is missing or empty", path + ".content");
  }
  parsed.extensions = vendor_fields_of(*fields, {"role", "name", "content", "tool_calls", "tool_call_id"});
  return parsed;
}

}  // namespace sluice::gateway
