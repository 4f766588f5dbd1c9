#include "agent/providers/anthropic_messages.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "agent/providers/anthropic_request.hpp"

namespace sluice::agent {
namespace {

namespace json = boost::json;
using generation::content_part;
using generation::message;
using generation::role;

template <class... Visitors>
struct overloaded : Visitors... {
  using Visitors::operator()...;
};

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Writes messages one after the other. The place in the request is kept for what is refused.
class message_writer {
 public:
  explicit message_writer(const generation::request& asked) : own_(asked.dialect == anthropic_dialect) {}

  result<void> write(const message& from, std::size_t place);
  anthropic_conversation take() { return std::move(made_); }

 private:
  // A part as a block; null for what is left out.
  result<json::value> block_of(const content_part& part, role speaker, std::size_t at) const;
  result<json::value> result_block(const generation::tool_result_part& part, std::size_t at) const;
  json::array& content_of(std::string_view speaker);
  std::unexpected<error> refuse(std::string_view what, std::size_t at) const {
    return failure(error_reason::invalid_argument,
                   fmt::format("an Anthropic provider cannot be sent {}; leave it out", what),
                   fmt::format("messages[{}].content[{}]", place_, at));
  }

  bool own_;
  std::size_t place_ = 0;
  anthropic_conversation made_;
};

json::object source_of(std::string_view url, std::string_view media_type, std::string_view data) {
  if (!url.empty()) return {{"type", "url"}, {"url", url}};
  return {{"type", "base64"}, {"media_type", media_type}, {"data", data}};
}

// OpenAI's clients write a file's bytes as a data: URL.
json::object source_of_file(const generation::file_part& file) {
  if (!file.file_id.empty()) return {{"type", "file"}, {"file_id", file.file_id}};
  constexpr std::string_view marker = ";base64,";
  const std::size_t at = file.data.find(marker);
  if (!file.data.starts_with("data:") || at == std::string::npos)
    return source_of(file.url, file.media_type.empty() ? "application/pdf" : file.media_type, file.data);
  const std::string_view whole = file.data;
  return source_of({}, whole.substr(5, at - 5), whole.substr(at + marker.size()));
}

json::value input_of(const generation::tool_call_part& call) {
  boost::system::error_code bad;
  json::value input = json::parse(call.arguments.empty() ? "{}" : call.arguments, bad);
  return bad || !input.is_object() ? json::value(json::object{{"arguments", call.arguments}}) : input;
}

result<json::value> message_writer::result_block(const generation::tool_result_part& part, std::size_t at) const {
  json::object block{{"type", "tool_result"}, {"tool_use_id", part.tool_call_id}};
  json::array content;
  for (const content_part& piece : part.content) {
    auto inner = block_of(piece, role::user, at);
    if (!inner) return inner;
    if (!inner->is_null()) content.push_back(std::move(*inner));
  }
  if (!content.empty()) block["content"] = std::move(content);
  if (part.is_error) block["is_error"] = true;
  return json::value(std::move(block));
}

result<json::value> message_writer::block_of(const content_part& part, role speaker, std::size_t at) const {
  using outcome = result<json::value>;
  outcome made = std::visit(
      overloaded{
          [&](const generation::text_part& text) -> outcome {
            // Blank text is refused there, and says nothing.
            if (is_blank(text.text)) return json::value();
            json::object block{{"type", "text"}, {"text", text.text}};
            if (own_ && !part.citations.empty()) block["citations"] = part.citations;
            return json::value(std::move(block));
          },
          [](const generation::image_part& image) -> outcome {
            return json::value({{"type", "image"}, {"source", source_of(image.url, image.media_type, image.data)}});
          },
          [&](const generation::audio_part&) -> outcome { return refuse("audio", at); },
          [](const generation::file_part& file) -> outcome {
            json::object block{{"type", "document"}, {"source", source_of_file(file)}};
            if (!file.filename.empty()) block["title"] = file.filename;
            return json::value(std::move(block));
          },
          [&](const generation::reasoning_part& thought) -> outcome {
            if (speaker != role::assistant) return json::value();
            if (!thought.redacted.empty())
              return json::value({{"type", "redacted_thinking"}, {"data", thought.redacted}});
            if (thought.signature.empty() || thought.is_summary) return json::value();
            return json::value({{"type", "thinking"}, {"thinking", thought.text}, {"signature", thought.signature}});
          },
          [](const generation::refusal_part& refusal) -> outcome {
            return is_blank(refusal.text) ? json::value() : json::value({{"type", "text"}, {"text", refusal.text}});
          },
          [&](const generation::tool_call_part& call) -> outcome {
            if (speaker != role::assistant) return refuse("a tool call outside of an assistant's message", at);
            return json::value({{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", input_of(call)}});
          },
          [&](const generation::tool_result_part& outcome_of_tool) -> outcome {
            return result_block(outcome_of_tool, at);
          },
          [&](const generation::vendor_part& vendor) -> outcome {
            if (vendor.dialect != anthropic_dialect) return refuse("a part that only another provider knows", at);
            return vendor.value;
          }},
      part.what);
  if (made && own_ && made->is_object()) {
    for (const auto& [name, value] : part.extensions)
      made->get_object().emplace(name, value);
  }
  return made;
}

json::array& message_writer::content_of(std::string_view speaker) {
  if (made_.messages.empty() || made_.messages.back().at("role").as_string() != speaker)
    made_.messages.push_back({{"role", speaker}, {"content", json::array()}});
  return made_.messages.back().at("content").as_array();
}

result<void> message_writer::write(const message& from, std::size_t place) {
  place_ = place;
  const bool is_instruction = from.role == role::system || from.role == role::developer;
  json::array& to = is_instruction && made_.messages.empty()
                        ? made_.system
                        : content_of(from.role == role::assistant ? "assistant" : "user");
  for (std::size_t at = 0; at < from.parts.size(); ++at) {
    auto block = block_of(from.parts[at], from.role, at);
    if (!block) return std::unexpected(std::move(block.error()));
    if (!block->is_null()) to.push_back(std::move(*block));
  }
  // A turn that has nothing to say is none there.
  if (&to != &made_.system && to.empty()) made_.messages.pop_back();
  return {};
}

}  // namespace

result<anthropic_conversation> make_anthropic_messages(const generation::request& asked) {
  message_writer writer(asked);
  for (std::size_t at = 0; at < asked.messages.size(); ++at) {
    if (result<void> fine = writer.write(asked.messages[at], at); !fine) return std::unexpected(fine.error());
  }
  return writer.take();
}

}  // namespace sluice::agent
