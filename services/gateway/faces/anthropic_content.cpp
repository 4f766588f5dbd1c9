#include "gateway/faces/anthropic_content.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "door/field_reader.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::gateway::anthropic {
namespace {

namespace json = boost::json;
using door::field_reader;
using generation::content_part;
using generation::vendor_fields_of;

constexpr std::size_t blocks_max = 1024;

std::unexpected<error> refuse(std::string message, const std::string& path) {
  return failure(error_reason::invalid_argument, std::move(message), path);
}

content_part keep_whole(const json::object& block) {
  return {generation::vendor_part{.dialect = "anthropic", .value = block}};
}

result<content_part> parse_text(const json::object& block, const std::string& path) {
  generation::text_part text;
  field_reader fields(block, path + ".");
  fields.text("text", text.text);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (text.text.empty()) return refuse("text content blocks must be non-empty", path + ".text");
  content_part made{.what = std::move(text), .extensions = vendor_fields_of(block, {"type", "text", "citations"})};
  if (const json::value* const citations = block.if_contains("citations");
      citations != nullptr && citations->is_array())
    made.citations = citations->get_array();
  return made;
}

// An image or a document: `source` says where its bytes are. What has no neutral form (a document of plain text or of
// blocks, with citations) passes to an Anthropic provider as it came.
result<content_part> parse_source(const json::object& block, const std::string& path, bool is_image) {
  const json::value* const given = block.if_contains("source");
  const json::object* const source = given == nullptr ? nullptr : given->if_object();
  if (source == nullptr) return refuse("needs an object \"source\"", path + ".source");
  std::string kind;
  std::string media_type;
  std::string data;
  std::string url;
  std::string file_id;
  std::string title;
  field_reader fields(*source, path + ".source.");
  fields.text("type", kind);
  if (kind == "base64") {
    fields.text("media_type", media_type);
    fields.text("data", data);
  }
  if (kind == "url") fields.text("url", url);
  if (kind == "file") fields.text("file_id", file_id);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (kind == "base64" && (media_type.empty() || data.empty()))
    return refuse("base64 needs \"media_type\" and \"data\"", path + ".source");
  if ((kind == "url" && url.empty()) || (kind == "file" && file_id.empty()))
    return refuse(fmt::format("\"{}\" is missing", kind == "url" ? "url" : "file_id"), path + ".source");
  if (is_image && (kind == "base64" || kind == "url")) {
    return content_part{
        .what =
            generation::image_part{
                .url = std::move(url), .media_type = std::move(media_type), .data = std::move(data), .detail = {}},
        .extensions = vendor_fields_of(block, {"type", "source"})};
  }
  if (is_image || kind == "text" || kind == "content") return keep_whole(block);
  if (data.empty() && url.empty() && file_id.empty())
    return refuse(R"("type" must be "base64", "url", "file", "text" or "content")", path + ".source.type");
  field_reader outer(block, path + ".");
  outer.text("title", title);
  if (outer.problem()) return std::unexpected(*outer.problem());
  return content_part{.what = generation::file_part{.file_id = std::move(file_id),
                                                    .filename = std::move(title),
                                                    .url = std::move(url),
                                                    .media_type = std::move(media_type),
                                                    .data = std::move(data)},
                      .extensions = vendor_fields_of(block, {"type", "source", "title"})};
}

result<content_part> parse_thinking(const json::object& block, const std::string& path) {
  generation::reasoning_part thought;
  field_reader fields(block, path + ".");
  fields.text("thinking", thought.text);
  fields.text("signature", thought.signature);
  fields.text("data", thought.redacted);
  if (fields.problem()) return std::unexpected(*fields.problem());
  return content_part{.what = std::move(thought),
                      .extensions = vendor_fields_of(block, {"type", "thinking", "signature", "data"})};
}

result<content_part> parse_tool_use(const json::object& block, const std::string& path) {
  generation::tool_call_part call;
  json::object input;
  field_reader fields(block, path + ".");
  fields.text("id", call.id);
  fields.text("name", call.name);
  fields.object("input", input);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (call.id.empty()) return refuse("is missing", path + ".id");
  if (call.name.empty()) return refuse("is missing", path + ".name");
  call.arguments = json::serialize(input);
  return content_part{.what = std::move(call), .extensions = vendor_fields_of(block, {"type", "id", "name", "input"})};
}

result<content_part> parse_tool_result(const json::object& block, const std::string& path) {
  generation::tool_result_part outcome;
  std::optional<bool> is_error;
  field_reader fields(block, path + ".");
  fields.text("tool_use_id", outcome.tool_call_id);
  fields.boolean("is_error", is_error);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (outcome.tool_call_id.empty()) return refuse("is missing", path + ".tool_use_id");
  outcome.is_error = is_error.value_or(false);
  const json::value* const content = block.if_contains("content");
  const bool is_empty = content == nullptr || content->is_null() ||
                        (content->is_string() && content->get_string().empty()) ||
                        (content->is_array() && content->get_array().empty());
  if (!is_empty) {
    auto parts = parse_content(*content, path + ".content");
    if (!parts) return std::unexpected(std::move(parts.error()));
    outcome.content = std::move(*parts);
  }
  return content_part{.what = std::move(outcome),
                      .extensions = vendor_fields_of(block, {"type", "tool_use_id", "is_error", "content"})};
}

result<content_part> parse_block(const json::value& value, const std::string& path) {
  const json::object* const block = value.if_object();
  const json::value* const type = block == nullptr ? nullptr : block->if_contains("type");
  if (type == nullptr || !type->is_string()) return refuse("a content block needs a \"type\"", path + ".type");
  if (*type == "text") return parse_text(*block, path);
  if (*type == "image") return parse_source(*block, path, true);
  if (*type == "document") return parse_source(*block, path, false);
  if (*type == "thinking" || *type == "redacted_thinking") return parse_thinking(*block, path);
  if (*type == "tool_use") return parse_tool_use(*block, path);
  if (*type == "tool_result") return parse_tool_result(*block, path);
  return keep_whole(*block);
}

}  // namespace

result<std::vector<content_part>> parse_content(const json::value& value, const std::string& path) {
  std::vector<content_part> parts;
  if (const json::string* const text = value.if_string()) {
    if (text->empty()) return refuse("must not be empty", path);
    parts.push_back({generation::text_part{std::string(*text)}});
    return parts;
  }
  const json::array* const blocks = value.if_array();
  if (blocks == nullptr || blocks->empty() || blocks->size() > blocks_max)
    return refuse(fmt::format("must be a string or a list of 1 to {} blocks", blocks_max), path);
  for (std::size_t i = 0; i < blocks->size(); ++i) {
    auto part = parse_block((*blocks)[i], fmt::format("{}.{}", path, i));
    if (!part) return std::unexpected(std::move(part.error()));
    parts.push_back(std::move(*part));
  }
  return parts;
}

result<void> append_message(std::vector<generation::message>& to, const json::value& value, const std::string& path) {
  const json::object* const fields = value.if_object();
  if (fields == nullptr) return refuse("a message must be an object", path);
  std::string role;
  field_reader reader(*fields, path + ".");
  reader.text("role", role);
  if (reader.problem()) return std::unexpected(*reader.problem());
  if (role != "user" && role != "assistant" && role != "system")
    return refuse(R"(must be "user", "assistant" or "system")", path + ".role");
  const json::value* const content = fields->if_contains("content");
  if (content == nullptr || content->is_null()) return refuse("is missing", path + ".content");
  generation::message said{.role = *generation::parse_role(role)};
  const bool is_empty_turn = role == "assistant" && ((content->is_string() && content->get_string().empty()) ||
                                                     (content->is_array() && content->get_array().empty()));
  if (!is_empty_turn) {
    auto parts = parse_content(*content, path + ".content");
    if (!parts) return std::unexpected(std::move(parts.error()));
    said.parts = std::move(*parts);
  }
  if (role == "user") {
    for (content_part& part : said.parts) {
      if (!std::holds_alternative<generation::tool_result_part>(part.what)) continue;
      to.push_back({.role = generation::role::tool, .parts = {}});
      to.back().parts.push_back(std::move(part));
    }
    const bool had_results = std::erase_if(said.parts, [](const content_part& part) {
                               return std::holds_alternative<generation::tool_result_part>(part.what);
                             }) != 0;
    if (had_results && said.parts.empty()) return {};
  }
  said.extensions = vendor_fields_of(*fields, {"role", "content"});
  to.push_back(std::move(said));
  return {};
}

}  // namespace sluice::gateway::anthropic
