#include "agent/providers/openai_stream.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "agent/providers/openai_parts.hpp"
#include "agent/providers/provider_error.hpp"
#include "agent/providers/provider_json.hpp"
#include "base/json_text.hpp"
#include "generation/delta.hpp"

namespace sluice::agent {
namespace {

namespace od = simdjson::ondemand;
using generation::delta_kind;
using generation::finish_reason;

constexpr std::int64_t tool_calls_max = 4096;  // in one answer; indexes are kept per call by those who follow
constexpr std::size_t excerpt_bytes = 200;
constexpr std::string_view replacement = "\xEF\xBF\xBD";

}  // namespace

// One document on its way through. Its members are false when reading must stop; `problem` then says why, or is empty
// for what is not JSON or not of the types that a chunk has.
struct openai_stream::reading {
  openai_stream& stream;
  provider_output& out;
  bool whole;
  std::string_view json;
  std::optional<error> problem = {};

  bool fail(error why) {
    problem = std::move(why);
    return false;
  }
  choice_state& state_of(std::uint8_t choice) {
    if (choice >= stream.choices_.size()) stream.choices_.resize(choice + std::size_t{1});
    return stream.choices_[choice];
  }

  bool chunk(od::document& document);
  bool chunk_field(od::field field);
  bool chunk_error(od::value& value);
  bool chunk_usage(od::value& value);
  bool choice(od::object object);
  bool message(od::value& value, std::uint8_t choice);
  bool content_pieces(od::value& value, std::uint8_t choice, delta_kind kind = delta_kind::text);
  bool text(delta_kind kind, std::string_view inside, std::uint8_t choice);
  bool tool_calls(od::value& value, std::uint8_t choice);
  bool tool_call(od::object object, std::uint8_t choice, bool is_function_call);
  bool append_tool_call(std::uint8_t choice, const generation::tool_call_fragment& fragment);
  bool finish_choice(std::uint8_t choice, std::string_view word, std::string_view stop_sequence);
  bool flush_half(std::uint8_t choice, choice_state& state);
  bool append_fields(std::uint8_t choice);
};

bool openai_stream::reading::chunk(od::document& document) {
  od::object object;
  if (document.get_object().get(object)) return false;
  for (auto item : object) {
    if (item.error() || !chunk_field(item.value_unsafe())) return false;
  }
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

bool openai_stream::reading::chunk_field(od::field field) {
  const std::string_view name = raw_name(field);
  od::value value = field.value();
  const json_kind kind = kind_of(value);
  if (kind == json_kind::null) return true;
  std::string_view inside;
  if (name == "choices") {
    od::array choices;
    if (value.get_array().get(choices)) return false;
    for (auto item : choices) {
      od::object one;
      if (item.get_object().get(one) || !choice(one)) return false;
    }
    return true;
  }
  if (name == "id" || name == "model") {
    bool& known = name == "id" ? stream.has_id_ : stream.has_model_;
    if (known || !raw_string(value, inside) || inside.empty()) return true;
    known = true;
    name == "id" ? out.set_response_id(unescaped(inside)) : out.set_model(unescaped(inside));
    return true;
  }
  if (name == "created" || name == "obfuscation") return true;
  if (name == "object") {
    const bool is_error = raw_string(value, inside) && inside == "error";  // older vLLM: the chunk is the error
    return !is_error || fail(error_of_event(json, stream.provider_));
  }
  if (name == "usage") return chunk_usage(value);
  if (name == "error") return chunk_error(value);

  // What does not change from chunk to chunk is looked at once.
  const auto same = std::ranges::find(stream.fields_, name, &std::pair<std::string, std::string>::first);
  const bool is_scalar = kind != json_kind::object && kind != json_kind::array;
  if (is_scalar && same != stream.fields_.end() && same->second == value.raw_json_token()) return true;
  const std::string token = is_scalar ? std::string(value.raw_json_token()) : std::string();
  std::string raw;
  const std::string readable = unescaped(name);
  if (readable.empty() || !raw_json(value, raw)) return true;
  if (!out.set_extension(readable, raw)) return fail(provider_output::too_many_fields());
  if (!is_scalar) return true;
  if (same == stream.fields_.end()) {
    stream.fields_.emplace_back(name, token);
  } else {
    same->second = token;
  }
  return true;
}

bool openai_stream::reading::chunk_error(od::value& value) {
  std::string raw;
  if (!raw_json(value, raw)) return false;
  return fail(error_of_event(raw, stream.provider_));
}

bool openai_stream::reading::chunk_usage(od::value& value) {
  od::object object;
  openai_usage reader;
  if (kind_of(value) != json_kind::object) return true;
  if (value.get_object().get(object) || !reader.read(object)) return false;
  if (reader.has_counts && reader.is_sound) out.report_usage(reader.settled());
  return true;
}

bool openai_stream::reading::choice(od::object object) {
  std::int64_t index = 0;
  if (!read_index(object, index)) return false;
  if (index >= stream.choices_asked_) {
    return fail({.reason = error_reason::bad_gateway,
                 .message = fmt::format("provider {} sent choice {}, counted from 0, of {} that were asked for",
                                        stream.provider_, index, stream.choices_asked_)});
  }
  const auto number = static_cast<std::uint8_t>(index);
  state_of(number);

  std::string_view finished;
  std::string_view stop_sequence;
  stream.delta_fields_.clear();
  stream.choice_fields_.clear();
  for (auto item : object) {
    if (item.error()) return false;
    od::field field = item.value_unsafe();
    const std::string_view name = raw_name(field);
    od::value value = field.value();
    const json_kind kind = kind_of(value);
    if (kind == json_kind::null || name == "index") continue;
    if (name == "delta" || name == "message") {
      if (!message(value, number)) return false;
    } else if (name == "finish_reason") {
      if (!raw_string(value, finished)) return false;
    } else {
      if (name == "stop_reason" && kind == json_kind::string) raw_string(value, stop_sequence);
      append_vendor_field(stream.choice_fields_, name, value);
    }
  }
  return append_fields(number) && (finished.empty() || finish_choice(number, finished, stop_sequence));
}

bool openai_stream::reading::append_fields(std::uint8_t choice) {
  if (stream.delta_fields_.empty() && stream.choice_fields_.empty()) return true;
  std::string& whole_object = stream.text_;
  whole_object = "{";
  for (const auto& [place, fields] : {std::pair("delta", &stream.delta_fields_), {"choice", &stream.choice_fields_}}) {
    if (fields->empty()) continue;
    whole_object.append(whole_object.size() == 1 ? "\"" : ",\"").append(place).append("\":{").append(*fields) += '}';
  }
  whole_object += '}';
  return out.append(delta_kind::extension, whole_object, choice) || fail(provider_output::too_long());
}

bool openai_stream::reading::message(od::value& value, std::uint8_t choice) {
  od::object object;
  if (value.get_object().get(object)) return false;
  bool has_reasoning = false;
  for (auto item : object) {
    if (item.error()) return false;
    od::field field = item.value_unsafe();
    const std::string_view name = raw_name(field);
    od::value member = field.value();
    const json_kind kind = kind_of(member);
    if (kind == json_kind::null || name == "role" || name == "obfuscation") continue;
    std::string_view inside;
    const bool is_string = kind == json_kind::string && raw_string(member, inside);
    if (name == "content") {
      if (is_string ? !text(delta_kind::text, inside, choice) : !content_pieces(member, choice)) return false;
    } else if (is_string && (name == "reasoning_content" || name == "reasoning")) {
      if (!has_reasoning && !text(delta_kind::reasoning, inside, choice)) return false;
      has_reasoning = true;
    } else if (is_string && name == "refusal") {
      if (!text(delta_kind::refusal, inside, choice)) return false;
    } else if (name == "tool_calls") {
      if (!tool_calls(member, choice)) return false;
    } else if (name == "function_call") {
      od::object call;
      if (member.get_object().get(call) || !tool_call(call, choice, true)) return false;
    } else {
      append_vendor_field(stream.delta_fields_, name, member);
    }
  }
  return true;
}

// Mistral: [{"type":"thinking","thinking":[{"type":"text","text":"…"}]}, {"type":"text","text":"…"}].
bool openai_stream::reading::content_pieces(od::value& value, std::uint8_t choice, delta_kind kind) {
  od::array pieces;
  if (value.get_array().get(pieces)) return false;
  for (auto item : pieces) {
    od::object piece;
    if (item.get_object().get(piece)) return false;
    for (auto member : piece) {
      if (member.error()) return false;
      od::field field = member.value_unsafe();
      const std::string_view name = raw_name(field);
      od::value content = field.value();
      std::string_view inside;
      if (name == "text") {
        if (!raw_string(content, inside) || !text(kind, inside, choice)) return false;
      } else if (name == "thinking" && kind == delta_kind::text) {
        if (!content_pieces(content, choice, delta_kind::reasoning)) return false;
      }
    }
  }
  return true;
}

bool openai_stream::reading::text(delta_kind kind, std::string_view inside, std::uint8_t choice) {
  if (inside.empty()) return true;
  choice_state& state = stream.choices_[choice];
  if (state.half != 0 && state.half_kind != kind && !flush_half(choice, state)) return false;
  if (state.half != 0 || has_escape(inside)) {
    stream.text_.clear();
    if (!append_unescaped(stream.text_, inside, state.half)) return false;
    state.half_kind = kind;
    inside = stream.text_;
    if (inside.empty()) return true;
  }
  return out.append(kind, inside, choice) || fail(provider_output::too_long());
}

bool openai_stream::reading::tool_calls(od::value& value, std::uint8_t choice) {
  od::array calls;
  if (value.get_array().get(calls)) return false;
  for (auto item : calls) {
    od::object call;
    if (item.get_object().get(call) || !tool_call(call, choice, false)) return false;
  }
  return true;
}

bool openai_stream::reading::tool_call(od::object object, std::uint8_t choice, bool is_function_call) {
  std::int64_t index = is_function_call ? 0 : -1;
  openai_call_strings found;
  if (!found.read(object, index)) return false;
  choice_state& state = stream.choices_[choice];
  if (index < 0) {
    const bool is_new = whole || !found.id.empty() || state.tool_calls == 0;
    index = is_new ? state.tool_calls : state.tool_calls - 1;
  }
  if (index >= tool_calls_max) return false;
  const auto number = static_cast<std::uint32_t>(index);
  state.tool_calls = std::max(state.tool_calls, number + 1);
  if (state.half != 0 && (state.half_kind != delta_kind::tool_call || state.half_tool_call != number) &&
      !flush_half(choice, state)) {
    return false;
  }
  std::string_view arguments = found.arguments;
  if (state.half != 0 || has_escape(arguments)) {
    stream.text_.clear();
    if (!append_unescaped(stream.text_, arguments, state.half)) return false;
    state.half_kind = delta_kind::tool_call;
    state.half_tool_call = number;
    state.half_is_custom = found.is_custom;
    arguments = stream.text_;
  }
  // Names and ids have no escapes in practice; if one has, it is read on the side.
  const std::string id = has_escape(found.id) ? unescaped(found.id) : std::string();
  const std::string name = has_escape(found.name) ? unescaped(found.name) : std::string();
  const std::string vendor_fields = found.vendor_fields();
  if (found.id.empty() && found.name.empty() && arguments.empty() && vendor_fields.empty()) return true;
  return append_tool_call(choice, {.index = number,
                                   .id = id.empty() ? found.id : id,
                                   .name = name.empty() ? found.name : name,
                                   .arguments = arguments,
                                   .is_custom = found.is_custom,
                                   .extensions = vendor_fields});
}

bool openai_stream::reading::append_tool_call(std::uint8_t choice, const generation::tool_call_fragment& fragment) {
  stream.fragment_.clear();
  generation::encode_tool_call(stream.fragment_, fragment);
  return out.append(delta_kind::tool_call, stream.fragment_, choice) || fail(provider_output::too_long());
}

bool openai_stream::reading::finish_choice(std::uint8_t choice, std::string_view word, std::string_view stop_sequence) {
  choice_state& state = stream.choices_[choice];
  if (!flush_half(choice, state)) return false;
  generation::choice_finish how{
      .choice = choice, .reason = finish_reason_of_openai(word), .provider_reason = unescaped(word)};
  if (how.reason == finish_reason::error) {
    return fail({.reason = error_reason::bad_gateway,
                 .message = fmt::format("provider {} broke the answer off: \"{}\"", stream.provider_,
                                        fit_to_show(how.provider_reason))});
  }
  if (how.reason == finish_reason::stop && state.tool_calls != 0) how.reason = finish_reason::tool_calls;
  if (how.reason == finish_reason::stop && !stop_sequence.empty()) {
    how.reason = finish_reason::stop_sequence;
    how.stop_sequence = unescaped(stop_sequence);
  }
  state.finished = true;
  out.finish_choice(std::move(how));
  return true;
}

bool openai_stream::reading::flush_half(std::uint8_t choice, choice_state& state) {
  if (state.half == 0) return true;
  state.half = 0;
  if (state.half_kind == delta_kind::tool_call)
    return append_tool_call(
        choice, {.index = state.half_tool_call, .arguments = replacement, .is_custom = state.half_is_custom});
  return out.append(state.half_kind, replacement, choice) || fail(provider_output::too_long());
}

result<bool> openai_stream::feed(std::string_view data, provider_output& out) {
  if (data == "[DONE]") {
    const result<void> done = finish(out);
    if (!done) return std::unexpected(done.error());
    if (!out.has_finish() && !out.has_deltas()) {
      return failure(error_reason::bad_gateway, fmt::format("provider {} ended its answer without one", provider_));
    }
    return true;
  }
  const result<void> fine = read(data, out, false);
  if (!fine) return std::unexpected(fine.error());
  return false;
}

result<void> openai_stream::translate_whole(std::string_view json, provider_output& out) {
  const result<void> fine = read(json, out, true);
  return fine ? end(out) : fine;
}

result<void> openai_stream::end(provider_output& out) {
  const result<void> fine = finish(out);
  if (!fine) return fine;
  if (!choices_.empty() && std::ranges::all_of(choices_, &choice_state::finished)) return {};
  return failure(error_reason::bad_gateway,
                 fmt::format("the answer of provider {} ended without saying that it was complete", provider_));
}

// Halves of characters that nothing came after.
result<void> openai_stream::finish(provider_output& out) {
  reading rest{.stream = *this, .out = out, .whole = false, .json = {}};
  for (std::size_t choice = 0; choice < choices_.size(); ++choice) {
    if (!rest.flush_half(static_cast<std::uint8_t>(choice), choices_[choice]))
      return std::unexpected(std::move(*rest.problem));
  }
  return {};
}

result<void> openai_stream::read(std::string_view json, provider_output& out, bool whole) {
  reading one{.stream = *this, .out = out, .whole = whole, .json = json};
  od::document document;
  const simdjson::error_code code = scratch_.read(json).get(document);
  if (!code && one.chunk(document)) return {};
  if (one.problem) return std::unexpected(std::move(*one.problem));
  return std::unexpected(error{.reason = error_reason::bad_gateway,
                               .message = fmt::format("provider {} sent what is not a chat completion", provider_),
                               .detail = fmt::format("{}: {}", code ? simdjson::error_message(code) : "not as expected",
                                                     fit_to_show(json.substr(0, excerpt_bytes)))});
}

}  // namespace sluice::agent
