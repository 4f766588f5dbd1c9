#include "agent/providers/gemini_stream.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "agent/providers/gemini_error.hpp"
#include "agent/providers/gemini_parts.hpp"
#include "agent/providers/provider_json.hpp"
#include "base/json_text.hpp"
#include "generation/content_json.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::agent {
namespace {

namespace od = simdjson::ondemand;
using generation::delta_kind;
using generation::finish_reason;

constexpr std::uint32_t tool_calls_max = 4096;  // in one candidate
constexpr std::size_t excerpt_bytes = 200;
constexpr std::size_t held_bytes_max = 1U << 20U;
constexpr std::size_t held_fields_max = 1024;  // of one candidate, of each kind
constexpr std::string_view replacement = "\xEF\xBF\xBD";

// FNV-1a: the id of a call that came without one must be the same whenever the answer is read.
std::string make_call_id(std::string_view response_id, std::uint8_t choice, std::uint32_t index,
                         const gemini_call& call) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const std::string& piece :
       {std::string(response_id), fmt::format("/{}/{}/", choice, index), call.name, call.arguments}) {
    for (const char c : piece)
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  }
  return fmt::format("call_{:016x}", hash);
}

}  // namespace

// One document on its way through. Its members are false when reading must stop; `problem` then says why, or is empty
// for what is not JSON or not of the types that an answer has.
struct gemini_stream::reading {
  gemini_stream& stream;
  provider_output& out;
  std::optional<error> problem = {};

  bool fail(error why) {
    problem = std::move(why);
    return false;
  }
  choice_state& state_of(std::uint8_t choice) {
    if (choice >= stream.choices_.size()) stream.choices_.resize(choice + std::size_t{1});
    return stream.choices_[choice];
  }

  bool document(od::document& document);
  bool answer(od::object object);
  bool answer_field(od::field field);
  bool read_response_id(od::object& object);
  bool prompt_feedback(std::string_view raw);
  bool candidate(od::object object);
  bool content(od::value& value, std::uint8_t choice);
  bool part(od::object object, std::uint8_t choice);
  bool call(const gemini_part& from, std::uint8_t choice);
  bool text(delta_kind kind, std::string_view inside, std::uint8_t choice);
  bool append(delta_kind kind, std::string_view bytes, std::uint8_t choice);
  bool citations(std::string_view raw, std::uint8_t choice);
  bool logprobs(std::string_view raw, std::uint8_t choice);
  bool hold(std::string_view name, std::string raw, std::uint8_t choice);
  bool flush_half(std::uint8_t choice, choice_state& state);
  bool finish_choice(std::uint8_t choice, choice_state& state);
};

bool gemini_stream::reading::document(od::document& document) {
  od::json_type type = od::json_type::null;
  if (document.type().get(type)) return false;
  if (type == od::json_type::array) {
    od::array list;
    if (document.get_array().get(list)) return false;
    for (auto item : list) {
      od::object one;
      if (item.get_object().get(one) || !answer(one)) return false;
    }
  } else {
    od::object one;
    if (document.get_object().get(one) || !answer(one)) return false;
  }
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

// It stands behind the candidates, whose calls may need it for their ids.
bool gemini_stream::reading::read_response_id(od::object& object) {
  od::value value;
  const auto missing = object.find_field_unordered("responseId").get(value);
  if (missing && missing != simdjson::NO_SUCH_FIELD) return false;
  std::string_view inside;
  if (!missing && raw_string(value, inside)) {
    stream.response_id_ = unescaped(inside);
    out.set_response_id(stream.response_id_);
  }
  return !object.reset().error();
}

bool gemini_stream::reading::answer(od::object object) {
  if (stream.response_id_.empty() && !read_response_id(object)) return false;
  for (auto item : object) {
    if (item.error() || !answer_field(item.value_unsafe())) return false;
  }
  return true;
}

bool gemini_stream::reading::answer_field(od::field field) {
  const std::string_view name = raw_name(field);
  od::value value = field.value();
  const json_kind kind = kind_of(value);
  if (kind == json_kind::null || name == "responseId") return true;
  if (name == "candidates") {
    od::array candidates;
    if (value.get_array().get(candidates)) return false;
    for (auto item : candidates) {
      od::object one;
      if (item.get_object().get(one) || !candidate(one)) return false;
    }
    return true;
  }
  if (name == "usageMetadata") {
    od::object counts;
    if (kind != json_kind::object) return true;
    if (value.get_object().get(counts) || !read_gemini_usage(counts, stream.usage_)) return false;
    out.report_usage(stream.usage_.settled());
    return true;
  }
  if (name == "modelVersion") {
    std::string_view inside;
    if (stream.has_model_ || !raw_string(value, inside) || inside.empty()) return true;
    stream.has_model_ = true;
    out.set_model(unescaped(inside));
    return true;
  }
  std::string raw;
  if (name == "error")
    return raw_json(value, raw) && fail(gemini_error_of_event("{\"error\":" + raw + "}", stream.provider_));
  const std::string readable = unescaped(name);
  if (readable.empty() || !raw_json(value, raw)) return true;
  if (readable == "promptFeedback" && !prompt_feedback(raw)) return false;
  return out.set_extension(readable, raw) || fail(provider_output::too_many_fields());
}

bool gemini_stream::reading::prompt_feedback(std::string_view raw) {
  const boost::json::object told = generation::parse_vendor_fields(raw);
  const boost::json::value* const why = told.if_contains("blockReason");
  if (why == nullptr || !why->is_string() || why->get_string() == "BLOCK_REASON_UNSPECIFIED") return true;
  stream.is_blocked_ = true;
  state_of(0).word = why->get_string();
  return true;
}

bool gemini_stream::reading::candidate(od::object object) {
  std::int64_t index = 0;  // the first one has none in some versions
  if (!read_index(object, index)) return false;
  if (index >= stream.choices_asked_) {
    return fail({.reason = error_reason::bad_gateway,
                 .message = fmt::format("provider {} sent candidate {}, counted from 0, of {} that were asked for",
                                        stream.provider_, index, stream.choices_asked_)});
  }
  const auto choice = static_cast<std::uint8_t>(index);
  state_of(choice);
  std::string message;
  for (auto item : object) {
    if (item.error()) return false;
    od::field field = item.value_unsafe();
    const std::string_view name = raw_name(field);
    od::value value = field.value();
    std::string_view inside;
    if (kind_of(value) == json_kind::null || name == "index" || name == "tokenCount") continue;
    if (name == "content") {
      if (!content(value, choice)) return false;
    } else if (name == "finishReason") {
      if (!raw_string(value, inside)) return false;
      if (finish_reason_of_gemini(inside)) state_of(choice).word = unescaped(inside);
    } else {
      std::string raw;
      const std::string readable = unescaped(name);
      if (readable.empty() || !raw_json(value, raw)) continue;
      if (readable == "finishMessage") message = raw;
      const bool fine = readable == "citationMetadata" ? citations(raw, choice)
                        : readable == "logprobsResult" ? logprobs(raw, choice)
                                                       : hold(readable, std::move(raw), choice);
      if (!fine) return false;
    }
  }
  const std::string& word = state_of(choice).word;
  if (word.empty() || finish_reason_of_gemini(word) != finish_reason::error) return true;
  return fail({.reason = error_reason::bad_gateway,
               .message = fmt::format("provider {} broke the answer off: \"{}\"", stream.provider_, fit_to_show(word)),
               .detail = fit_to_show(message)});
}

bool gemini_stream::reading::content(od::value& value, std::uint8_t choice) {
  od::object object;
  if (value.get_object().get(object)) return false;
  for (auto item : object) {
    if (item.error()) return false;
    od::field field = item.value_unsafe();
    const std::string_view name = raw_name(field);
    od::value member = field.value();
    if (name != "parts" || kind_of(member) == json_kind::null) continue;
    od::array parts;
    if (member.get_array().get(parts)) return false;
    for (auto one : parts) {
      od::object inner;
      if (one.get_object().get(inner) || !part(inner, choice)) return false;
    }
  }
  return true;
}

bool gemini_stream::reading::part(od::object object, std::uint8_t choice) {
  gemini_part found;
  if (!found.read(object)) return false;
  if (found.call) return call(found, choice);
  if (found.text.empty()) {
    if (const auto whole = found.whole()) {
      return append(delta_kind::part, boost::json::serialize(generation::to_json(std::vector{*whole}).front()), choice);
    }
  }
  return text(found.is_thought ? delta_kind::reasoning : delta_kind::text, found.text, choice) &&
         append(delta_kind::signature, found.signature, choice);
}

bool gemini_stream::reading::call(const gemini_part& from, std::uint8_t choice) {
  choice_state& state = stream.choices_[choice];
  if (state.calls >= tool_calls_max) return false;
  const std::uint32_t index = state.calls++;
  const gemini_call& told = *from.call;
  std::string extensions;
  if (!from.signature.empty()) {
    append_json_string(extensions.append(R"({"extra_content":{"google":{"thought_signature":)"), from.signature);
    extensions += "}}";
  }
  if (!told.others.empty()) extensions.append(extensions.empty() ? "{" : ",").append(told.others);
  if (!extensions.empty()) extensions += '}';
  const std::string id = told.id.empty() ? make_call_id(stream.response_id_, choice, index, told) : told.id;
  stream.fragment_.clear();
  generation::encode_tool_call(
      stream.fragment_,
      {.index = index, .id = id, .name = told.name, .arguments = told.arguments, .extensions = extensions});
  return append(delta_kind::tool_call, stream.fragment_, choice) &&
         append(delta_kind::signature, from.signature, choice);
}

bool gemini_stream::reading::text(delta_kind kind, std::string_view inside, std::uint8_t choice) {
  if (inside.empty()) return true;
  choice_state& state = stream.choices_[choice];
  if (state.half != 0 && state.half_kind != kind && !flush_half(choice, state)) return false;
  if (state.half != 0 || has_escape(inside)) {
    stream.text_.clear();
    if (!append_unescaped(stream.text_, inside, state.half)) return false;
    state.half_kind = kind;
    inside = stream.text_;
  }
  return inside.empty() || out.append(kind, inside, choice) || fail(provider_output::too_long());
}

// What is not text, behind the text before it.
bool gemini_stream::reading::append(delta_kind kind, std::string_view bytes, std::uint8_t choice) {
  if (bytes.empty()) return true;
  if (!flush_half(choice, stream.choices_[choice])) return false;
  return out.append(kind, bytes, choice) || fail(provider_output::too_long());
}

// {"citationSources":[…]}, in Vertex {"citations":[…]}. Later events repeat those of earlier ones.
bool gemini_stream::reading::citations(std::string_view raw, std::uint8_t choice) {
  std::vector<std::string>& known = stream.choices_[choice].citations;
  for (const auto& field : generation::parse_vendor_fields(raw)) {
    if (!field.value().is_array()) continue;
    for (const boost::json::value& source : field.value().get_array()) {
      std::string one = boost::json::serialize(source);
      if (std::ranges::find(known, one) != known.end()) continue;
      stream.held_bytes_ += one.size();
      if (known.size() >= held_fields_max || stream.held_bytes_ > held_bytes_max)
        return fail(provider_output::too_many_fields());
      if (!append(delta_kind::citation, one, choice)) return false;
      known.push_back(std::move(one));
    }
  }
  return true;
}

bool gemini_stream::reading::logprobs(std::string_view raw, std::uint8_t choice) {
  const std::string made = logprobs_of_gemini(raw);
  return made.empty() || append(delta_kind::extension, R"({"choice":{"logprobs":)" + made + "}}", choice);
}

bool gemini_stream::reading::hold(std::string_view name, std::string raw, std::uint8_t choice) {
  auto& metadata = stream.choices_[choice].metadata;
  auto same = std::ranges::find(metadata, name, &std::pair<std::string, std::string>::first);
  if (same == metadata.end()) {
    if (metadata.size() >= held_fields_max) return fail(provider_output::too_many_fields());
    same = metadata.insert(metadata.end(), {std::string(name), {}});
    stream.held_bytes_ += name.size();
  }
  stream.held_bytes_ += raw.size();
  stream.held_bytes_ -= same->second.size();
  if (stream.held_bytes_ > held_bytes_max) return fail(provider_output::too_many_fields());
  same->second = std::move(raw);
  return true;
}

// Nothing came to make it whole.
bool gemini_stream::reading::flush_half(std::uint8_t choice, choice_state& state) {
  if (state.half == 0) return true;
  state.half = 0;
  return out.append(state.half_kind, replacement, choice) || fail(provider_output::too_long());
}

bool gemini_stream::reading::finish_choice(std::uint8_t choice, choice_state& state) {
  if (!flush_half(choice, state)) return false;
  std::string object;
  for (const auto& [name, raw] : state.metadata) {
    append_json_string(object.append(object.empty() ? R"({"choice":{)" : ","), name);
    object.append(":").append(raw);
  }
  if (!object.empty() && !append(delta_kind::extension, object + "}}", choice)) return false;
  if (state.word.empty()) return true;
  generation::choice_finish how{.choice = choice, .provider_reason = state.word};
  how.reason = finish_reason_of_gemini(state.word).value_or(finish_reason::stop);
  if (stream.is_blocked_ && choice == 0) how.reason = finish_reason::content_filter;
  if (how.reason == finish_reason::stop && state.calls != 0) how.reason = finish_reason::tool_calls;
  out.finish_choice(std::move(how));
  return true;
}

result<bool> gemini_stream::feed(std::string_view data, provider_output& out) {
  const bool is_end = data == "[DONE]";
  const result<void> fine = is_end ? end(out) : read(data, out);
  if (!fine) return std::unexpected(fine.error());
  return is_end;
}

result<void> gemini_stream::translate_whole(std::string_view json, provider_output& out) {
  const result<void> fine = read(json, out);
  return fine ? end(out) : fine;
}

result<void> gemini_stream::end(provider_output& out) {
  reading rest{.stream = *this, .out = out};
  for (std::size_t choice = 0; choice < choices_.size(); ++choice) {
    if (!rest.finish_choice(static_cast<std::uint8_t>(choice), choices_[choice]))
      return std::unexpected(std::move(*rest.problem));
  }
  const auto is_open = [](const choice_state& state) { return state.word.empty(); };
  if (!choices_.empty() && std::ranges::none_of(choices_, is_open)) return {};
  return failure(error_reason::bad_gateway,
                 fmt::format("the answer of provider {} ended without saying that it was complete", provider_));
}

result<void> gemini_stream::read(std::string_view json, provider_output& out) {
  reading one{.stream = *this, .out = out};
  od::document document;
  const simdjson::error_code code = scratch_.read(json).get(document);
  if (!code && one.document(document)) return {};
  if (one.problem) return std::unexpected(std::move(*one.problem));
  return std::unexpected(error{.reason = error_reason::bad_gateway,
                               .message = fmt::format("provider {} sent what is not an answer of Gemini", provider_),
                               .detail = fmt::format("{}: {}", code ? simdjson::error_message(code) : "not as expected",
                                                     fit_to_show(json.substr(0, excerpt_bytes)))});
}

}  // namespace sluice::agent
