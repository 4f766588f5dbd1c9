#include "agent/providers/openai_messages.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/json_text.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::agent {
namespace {

namespace json = boost::json;
using generation::content_part;
using generation::message;
using generation::role;

// Writes one message after the other. The place in the request is kept for what is refused.
class message_writer {
 public:
  message_writer(std::string& out, const generation::request& asked, openai_server server)
      : out_(out), own_(asked.dialect == openai_dialect), knows_words_(has_openai_words(asked)), server_(server) {}

  result<void> write(const message& from, std::size_t place);

 private:
  struct sorted {
    std::vector<std::pair<const content_part*, std::size_t>> content;
    std::vector<std::pair<const generation::tool_result_part*, std::size_t>> tool_results;
    std::vector<const content_part*> tool_calls;
    std::string refusal;
    std::string reasoning;
  };
  result<sorted> sort(const message& from) const;
  result<void> write_tool_result(const message& from, const generation::tool_result_part& part, std::size_t at);
  result<void> write_content(const sorted& parts);
  result<void> write_part(const content_part& part, std::size_t at);
  void write_tool_calls(const std::vector<const content_part*>& calls);
  void write_tool_call(const generation::tool_call_part& call, const json::object& extensions);
  void write_extensions(const json::object& fields, std::initializer_list<std::string_view> said);
  void end_inner(const json::object& extensions, std::string_view name);
  void begin(std::string_view role_name);
  bool is_one_text(const sorted& parts) const;
  bool has_extensions(const content_part& part) const { return knows_words_ && !part.extensions.empty(); }
  std::unexpected<error> refuse(std::string_view what, std::size_t at) const {
    return failure(error_reason::invalid_argument,
                   fmt::format("an OpenAI-compatible provider cannot be sent {}; leave it out", what),
                   fmt::format("messages[{}].content[{}]", place_, at));
  }

  std::string& out_;
  bool own_;
  bool knows_words_;
  openai_server server_;
  std::size_t place_ = 0;
  bool first_ = true;
};

template <class... Visitors>
struct overloaded : Visitors... {
  using Visitors::operator()...;
};

void append_data_url(std::string& out, std::string_view media_type, std::string_view data) {
  out.push_back('"');
  if (!data.starts_with("data:")) {
    append_json_escaped(out.append("data:"), media_type);
    out.append(";base64,");
  }
  append_json_escaped(out, data);
  out.push_back('"');
}

void message_writer::begin(std::string_view role_name) {
  out_.append(first_ ? R"({"role":")" : R"(,{"role":")").append(role_name).push_back('"');
  first_ = false;
}

// The fields that came with what is written and have no name of ours, but for those that were `said` already.
void message_writer::write_extensions(const json::object& fields, std::initializer_list<std::string_view> said) {
  if (knows_words_ && !fields.empty()) generation::append_vendor_fields(out_, fields, said);
}

// The end of an object within a part, which stands under `name`.
void message_writer::end_inner(const json::object& extensions, std::string_view name) {
  if (knows_words_ && !extensions.empty()) generation::append_inner_vendor_fields(out_, extensions, name);
  out_.push_back('}');
}

result<message_writer::sorted> message_writer::sort(const message& from) const {
  sorted parts;
  for (std::size_t at = 0; at < from.parts.size(); ++at) {
    const content_part& part = from.parts[at];
    if (std::holds_alternative<generation::tool_call_part>(part.what)) {
      if (from.role != role::assistant) return refuse("a tool call outside of an assistant's message", at);
      parts.tool_calls.push_back(&part);
    } else if (const auto* told = std::get_if<generation::tool_result_part>(&part.what)) {
      parts.tool_results.emplace_back(told, at);
    } else if (const auto* refusal = std::get_if<generation::refusal_part>(&part.what)) {
      parts.refusal += refusal->text;
    } else if (const auto* thought = std::get_if<generation::reasoning_part>(&part.what)) {
      if (own_ && !thought->is_summary) parts.reasoning += thought->text;
    } else {
      parts.content.emplace_back(&part, at);
    }
  }
  return parts;
}

result<void> message_writer::write(const message& from, std::size_t place) {
  place_ = place;
  const result<sorted> parts = sort(from);
  if (!parts) return std::unexpected(parts.error());
  for (const auto& [told, at] : parts->tool_results) {
    if (result<void> fine = write_tool_result(from, *told, at); !fine) return fine;
  }
  const bool is_rest_empty = parts->content.empty() && parts->tool_calls.empty() && parts->refusal.empty();
  if (is_rest_empty && (from.role == role::tool || !parts->tool_results.empty())) return {};

  begin(from.role == role::developer && server_ == openai_server::compatible ? "system" : to_string(from.role));
  if (!from.name.empty()) append_json_string(out_.append(R"(,"name":)"), from.name);
  out_.append(R"(,"content":)");
  if (result<void> fine = write_content(*parts); !fine) return fine;
  if (!parts->refusal.empty()) append_json_string(out_.append(R"(,"refusal":)"), parts->refusal);
  if (!parts->reasoning.empty()) append_json_string(out_.append(R"(,"reasoning_content":)"), parts->reasoning);
  if (!parts->tool_calls.empty()) write_tool_calls(parts->tool_calls);
  write_extensions(from.extensions, {"role", "content", "name", parts->refusal.empty() ? "" : "refusal",
                                     parts->reasoning.empty() ? "" : "reasoning_content",
                                     parts->tool_calls.empty() ? "" : "tool_calls"});
  out_.push_back('}');
  return {};
}

result<void> message_writer::write_tool_result(const message& from, const generation::tool_result_part& part,
                                               std::size_t at) {
  std::string text;
  for (const content_part& piece : part.content) {
    const auto* words = std::get_if<generation::text_part>(&piece.what);
    if (words == nullptr) return refuse("a tool's result that is not text", at);
    if (&piece != part.content.data()) text.push_back('\n');
    text += words->text;
  }
  begin("tool");
  append_json_string(out_.append(R"(,"tool_call_id":)"), part.tool_call_id);
  if (knows_words_ && !part.name.empty()) append_json_string(out_.append(R"(,"name":)"), part.name);
  out_.append(R"(,"content":)");
  if (std::ranges::any_of(part.content, [this](const content_part& piece) { return has_extensions(piece); })) {
    for (const content_part& piece : part.content) {
      out_.push_back(&piece == part.content.data() ? '[' : ',');
      if (result<void> fine = write_part(piece, at); !fine) return fine;
    }
    out_.push_back(']');
  } else {
    append_json_string(out_, text);
  }
  if (from.role == role::tool) write_extensions(from.extensions, {"role", "content", "name", "tool_call_id"});
  out_.push_back('}');
  return {};
}

bool message_writer::is_one_text(const sorted& parts) const {
  const bool all_text = std::ranges::all_of(parts.content, [this](const auto& one) {
    return std::holds_alternative<generation::text_part>(one.first->what) && !has_extensions(*one.first);
  });
  return all_text && (parts.content.size() == 1 || server_ == openai_server::compatible);
}

result<void> message_writer::write_content(const sorted& parts) {
  if (parts.content.empty()) {
    out_.append(parts.tool_calls.empty() && parts.refusal.empty() ? R"("")" : "null");
    return {};
  }
  if (is_one_text(parts)) {
    out_.push_back('"');
    for (const auto& [part, at] : parts.content) {
      if (part != parts.content.front().first) out_.append("\\n");
      append_json_escaped(out_, std::get<generation::text_part>(part->what).text);
    }
    out_.push_back('"');
    return {};
  }
  out_.push_back('[');
  for (const auto& [part, at] : parts.content) {
    if (part != parts.content.front().first) out_.push_back(',');
    if (result<void> fine = write_part(*part, at); !fine) return fine;
  }
  out_.push_back(']');
  return {};
}

result<void> message_writer::write_part(const content_part& part, std::size_t at) {
  if (const auto* vendor = std::get_if<generation::vendor_part>(&part.what)) {
    if (vendor->dialect != openai_dialect) return refuse("a part that only another provider knows", at);
    out_.append(json::serialize(vendor->value));
    return {};
  }
  if (const auto* file = std::get_if<generation::file_part>(&part.what); file != nullptr && !file->url.empty())
    return refuse("a file by its URL", at);
  std::visit(overloaded{[this](const generation::text_part& text) {
                          append_json_string(out_.append(R"({"type":"text","text":)"), text.text);
                        },
                        [&](const generation::image_part& image) {
                          out_.append(R"({"type":"image_url","image_url":{"url":)");
                          if (image.url.empty()) {
                            append_data_url(out_, image.media_type, image.data);
                          } else {
                            append_json_string(out_, image.url);
                          }
                          if (!image.detail.empty()) append_json_string(out_.append(R"(,"detail":)"), image.detail);
                          end_inner(part.extensions, "image_url");
                        },
                        [&](const generation::audio_part& audio) {
                          append_json_string(out_.append(R"({"type":"input_audio","input_audio":{"data":)"),
                                             audio.data);
                          append_json_string(out_.append(R"(,"format":)"), audio.format);
                          end_inner(part.extensions, "input_audio");
                        },
                        [&](const generation::file_part& document) {
                          out_.append(R"({"type":"file","file":{)");
                          if (!document.file_id.empty()) {
                            append_json_string(out_.append(R"("file_id":)"), document.file_id);
                          } else {
                            append_data_url(out_.append(R"("file_data":)"), document.media_type, document.data);
                          }
                          if (!document.filename.empty())
                            append_json_string(out_.append(R"(,"filename":)"), document.filename);
                          end_inner(part.extensions, "file");
                        },
                        [](const auto&) { std::unreachable(); }},  // sorted out before
             part.what);
  write_extensions(part.extensions, {"type", "text", "image_url", "input_audio", "file"});
  out_.push_back('}');
  return {};
}

void message_writer::write_tool_calls(const std::vector<const content_part*>& calls) {
  out_.append(R"(,"tool_calls":[)");
  for (const content_part* call : calls) {
    if (call != calls.front()) out_.push_back(',');
    write_tool_call(std::get<generation::tool_call_part>(call->what), call->extensions);
  }
  out_.push_back(']');
}

void message_writer::write_tool_call(const generation::tool_call_part& call, const json::object& extensions) {
  append_json_string(out_.append(R"({"id":)"), call.id);
  append_json_string(out_.append(call.is_custom ? R"(,"type":"custom","custom":{"name":)"
                                                : R"(,"type":"function","function":{"name":)"),
                     call.name);
  append_json_string(out_.append(call.is_custom ? R"(,"input":)" : R"(,"arguments":)"), call.arguments);
  end_inner(extensions, call.is_custom ? "custom" : "function");
  write_extensions(extensions, {"id", "type", "function", "custom"});
  out_.push_back('}');
}

}  // namespace

result<void> append_openai_messages(std::string& out, const generation::request& asked, openai_server server) {
  message_writer writer(out, asked, server);
  out.push_back('[');
  for (std::size_t at = 0; at < asked.messages.size(); ++at) {
    if (result<void> fine = writer.write(asked.messages[at], at); !fine) return fine;
  }
  out.push_back(']');
  return {};
}

}  // namespace sluice::agent
