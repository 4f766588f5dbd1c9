#include "agent/providers/gemini_messages.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "agent/providers/gemini_request.hpp"

namespace sluice::agent {
namespace {

namespace json = boost::json;
using generation::content_part;
using generation::message;
using generation::role;

// Google's own word for a call that another model made or whose signature is lost: see its page on thought signatures.
constexpr std::string_view unchecked_signature = "skip_thought_signature_validator";
constexpr std::size_t depth_max = 512;

template <class... Visitors>
struct overloaded : Visitors... {
  using Visitors::operator()...;
};

// Writes messages one after the other. The place in the request is kept for what is refused.
class message_writer {
 public:
  message_writer(const generation::request& asked, std::string_view model)
      : own_(asked.dialect == gemini_dialect), wants_signatures_(!own_ && is_gemini_3_or_later(model)) {}

  result<void> write(const message& from, std::size_t place);
  gemini_conversation take() { return std::move(made_); }

 private:
  using outcome = result<json::object>;

  // A part as Gemini has it; empty for what is left out.
  outcome part_of(const content_part& part, role speaker, std::size_t at);
  outcome call_of(const content_part& whole, const generation::tool_call_part& call);
  outcome response_of(const generation::tool_result_part& told, std::size_t at);
  outcome file_of(const generation::file_part& file, std::size_t at) const;
  json::array& parts_of(std::string_view speaker, bool is_response);
  std::unexpected<error> refuse(std::string_view what, std::size_t at) const {
    return failure(error_reason::invalid_argument,
                   fmt::format("a Gemini provider cannot be sent {}; leave it out", what),
                   fmt::format("messages[{}].content[{}]", place_, at));
  }

  bool own_;
  bool wants_signatures_;
  std::size_t place_ = 0;
  bool last_is_response_ = false;
  std::unordered_map<std::string, std::string> calls_;  // names of all so far, by id; of one id the last
  gemini_conversation made_;
};

// The type that a name's ending says; empty if it says none.
std::string_view media_type_by_name(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 19> types{{{"png", "image/png"},
                                                                                 {"jpg", "image/jpeg"},
                                                                                 {"jpeg", "image/jpeg"},
                                                                                 {"webp", "image/webp"},
                                                                                 {"heic", "image/heic"},
                                                                                 {"gif", "image/gif"},
                                                                                 {"pdf", "application/pdf"},
                                                                                 {"json", "application/json"},
                                                                                 {"txt", "text/plain"},
                                                                                 {"md", "text/markdown"},
                                                                                 {"csv", "text/csv"},
                                                                                 {"html", "text/html"},
                                                                                 {"xml", "text/xml"},
                                                                                 {"mp3", "audio/mp3"},
                                                                                 {"wav", "audio/wav"},
                                                                                 {"ogg", "audio/ogg"},
                                                                                 {"flac", "audio/flac"},
                                                                                 {"mp4", "video/mp4"},
                                                                                 {"webm", "video/webm"}}};
  name = name.substr(0, name.find_first_of("?#"));
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  const auto* const known = std::ranges::find(types, name.substr(dot + 1), &decltype(types)::value_type::first);
  return known == types.end() ? std::string_view() : known->second;
}

// Bytes, or where they are. OpenAI's clients write bytes as a data: URL.
json::object media_of(std::string_view url, std::string_view media_type, std::string_view data) {
  constexpr std::string_view marker = ";base64,";
  const std::string_view bytes = url.empty() ? data : url;
  if (const std::size_t at = bytes.find(marker); bytes.starts_with("data:") && at != std::string_view::npos)
    return media_of({}, bytes.substr(5, at - 5), bytes.substr(at + marker.size()));
  if (url.empty()) return {{"inlineData", {{"mimeType", media_type}, {"data", data}}}};
  json::object file{{"fileUri", url}};
  if (media_type.empty()) media_type = media_type_by_name(url);
  if (!media_type.empty()) file["mimeType"] = media_type;
  return {{"fileData", std::move(file)}};
}

json::object text_of(std::string_view text) {
  return text.empty() ? json::object() : json::object{{"text", text}};
}

json::value parse(std::string_view text) {
  json::parse_options options;
  options.max_depth = depth_max;
  boost::system::error_code bad;
  json::value value = json::parse(text, bad, {}, options);
  return bad ? json::value() : value;
}

std::string_view text_in(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

std::string_view signature_in(const json::object& extensions) {
  if (const std::string_view plain = text_in(extensions, "thoughtSignature"); !plain.empty()) return plain;
  const json::value* const extra = extensions.if_contains("extra_content");
  if (extra == nullptr || !extra->is_object()) return {};
  const json::value* const google = extra->get_object().if_contains("google");
  return google == nullptr || !google->is_object() ? std::string_view()
                                                   : text_in(google->get_object(), "thought_signature");
}

message_writer::outcome message_writer::call_of(const content_part& whole, const generation::tool_call_part& call) {
  json::value arguments = parse(call.arguments.empty() ? "{}" : std::string_view(call.arguments));
  if (!arguments.is_object()) arguments = json::object{{"arguments", call.arguments}};
  json::object function{{"name", call.name}, {"args", std::move(arguments)}};
  if (!call.id.empty()) function["id"] = call.id;
  calls_.insert_or_assign(call.id, call.name);
  json::object made{{"functionCall", std::move(function)}};
  std::string_view signature = call.signature.empty() ? signature_in(whole.extensions) : call.signature;
  // Of calls in parallel the first one alone has a signature.
  const bool is_first = made_.contents.empty() || made_.contents.back().at("role") != "model" ||
                        std::ranges::none_of(made_.contents.back().at("parts").as_array(), [](const json::value& part) {
                          return part.as_object().contains("functionCall");
                        });
  if (signature.empty() && wants_signatures_ && is_first) signature = unchecked_signature;
  if (!signature.empty()) made["thoughtSignature"] = signature;
  return made;
}

message_writer::outcome message_writer::response_of(const generation::tool_result_part& told, std::size_t at) {
  std::string name = told.name;
  const auto call = calls_.find(told.tool_call_id);
  if (name.empty() && call != calls_.end()) name = call->second;
  if (name.empty()) return refuse("a tool's result without the call that it answers", at);
  std::string text;
  json::array media;
  for (const content_part& piece : told.content) {
    auto inner = part_of(piece, role::user, at);
    if (!inner) return inner;
    if (inner->empty()) continue;
    if (const std::string_view said = text_in(*inner, "text"); !said.empty()) {
      text += said;
    } else {
      media.emplace_back(std::move(*inner));
    }
  }
  json::value response = told.is_error ? json::value() : parse(text);
  if (!response.is_object()) response = json::object{{told.is_error ? "error" : "output", text}};
  json::object function{{"name", name}, {"response", std::move(response)}};
  if (!told.tool_call_id.empty()) function["id"] = told.tool_call_id;
  if (!media.empty()) function["parts"] = std::move(media);
  return json::object{{"functionResponse", std::move(function)}};
}

message_writer::outcome message_writer::file_of(const generation::file_part& file, std::size_t at) const {
  if (!file.file_id.empty()) {
    if (!file.file_id.contains("://")) return refuse("a file of another provider's store", at);
    return media_of(file.file_id, file.media_type, {});
  }
  std::string_view type = file.media_type.empty() ? media_type_by_name(file.filename) : file.media_type;
  if (type.empty() && file.url.empty()) type = "application/pdf";
  return media_of(file.url, type, file.data);
}

message_writer::outcome message_writer::part_of(const content_part& part, role speaker, std::size_t at) {
  outcome made = std::visit(
      overloaded{[&](const generation::text_part& text) -> outcome {
                   // A signature of Gemini's may stand in a text that is empty.
                   const bool is_carrier = own_ && !part.extensions.empty();
                   return is_carrier ? json::object{{"text", text.text}} : text_of(text.text);
                 },
                 [](const generation::image_part& image) -> outcome {
                   const bool is_known = !image.media_type.empty() || !image.url.empty();
                   return media_of(image.url, is_known ? std::string_view(image.media_type) : "image/png", image.data);
                 },
                 [](const generation::audio_part& audio) -> outcome {
                   const std::string type = audio.format.contains('/') ? audio.format : "audio/" + audio.format;
                   return media_of({}, type, audio.data);
                 },
                 [&](const generation::file_part& file) -> outcome { return file_of(file, at); },
                 [&](const generation::reasoning_part& thought) -> outcome {
                   if (speaker != role::assistant || thought.signature.empty() || thought.is_summary)
                     return json::object();
                   return json::object{
                       {"text", thought.text}, {"thought", true}, {"thoughtSignature", thought.signature}};
                 },
                 [](const generation::refusal_part& refusal) -> outcome { return text_of(refusal.text); },
                 [&](const generation::tool_call_part& call) -> outcome {
                   if (speaker != role::assistant) return refuse("a tool call outside of an assistant's message", at);
                   return call_of(part, call);
                 },
                 [&](const generation::tool_result_part& told) -> outcome { return response_of(told, at); },
                 [&](const generation::vendor_part& vendor) -> outcome {
                   if (vendor.dialect != gemini_dialect || !vendor.value.is_object())
                     return refuse("a part that only another provider knows", at);
                   return vendor.value.get_object();
                 }},
      part.what);
  if (!made || made->empty()) return made;
  if (own_) {
    for (const auto& [name, value] : part.extensions)
      made->emplace(name, value);
  } else if (speaker == role::assistant) {
    const std::string_view signature = text_in(part.extensions, "thoughtSignature");
    if (!signature.empty()) made->emplace("thoughtSignature", signature);
  }
  return made;
}

json::array& message_writer::parts_of(std::string_view speaker, bool is_response) {
  json::array& contents = made_.contents;
  if (contents.empty() || contents.back().at("role").as_string() != speaker || last_is_response_ != is_response)
    contents.push_back({{"role", speaker}, {"parts", json::array()}});
  last_is_response_ = is_response;
  return contents.back().at("parts").as_array();
}

result<void> message_writer::write(const message& from, std::size_t place) {
  place_ = place;
  const bool is_instruction = from.role == role::system || from.role == role::developer;
  const bool is_first = is_instruction && made_.contents.empty();
  for (std::size_t at = 0; at < from.parts.size(); ++at) {
    auto part = part_of(from.parts[at], from.role, at);
    if (!part) return std::unexpected(std::move(part.error()));
    if (part->empty()) continue;
    json::array& to =
        is_first ? made_.system
                 : parts_of(from.role == role::assistant ? "model" : "user", part->contains("functionResponse"));
    to.emplace_back(std::move(*part));
  }
  return {};
}

}  // namespace

result<gemini_conversation> make_gemini_messages(const generation::request& asked, std::string_view model) {
  message_writer writer(asked, model);
  for (std::size_t at = 0; at < asked.messages.size(); ++at) {
    if (result<void> fine = writer.write(asked.messages[at], at); !fine) return std::unexpected(fine.error());
  }
  return writer.take();
}

}  // namespace sluice::agent
