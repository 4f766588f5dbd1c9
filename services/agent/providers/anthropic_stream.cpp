#include "agent/providers/anthropic_stream.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "agent/providers/anthropic_request.hpp"
#include "agent/providers/provider_error.hpp"
#include "agent/providers/provider_json.hpp"
#include "generation/content_json.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::agent {
namespace {

namespace json = boost::json;
namespace od = simdjson::ondemand;
using generation::delta_kind;
using generation::finish_reason;

constexpr std::size_t excerpt_bytes = 200;
constexpr std::int64_t tokens_max = 1'000'000'000'000;
// Of the blocks that come whole, and of what Anthropic's own tools are asked: they are held until they end.
constexpr std::size_t held_bytes_max = 16U << 20U;

const json::object* object_in(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

std::string_view text_in(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

// A count that is there and sane replaces what was known.
void take_count(const json::object& from, std::string_view name, std::int64_t& into) {
  const json::value* const value = from.if_contains(name);
  if (value == nullptr || !value->is_int64()) return;
  const std::int64_t said = value->get_int64();
  if (said >= 0 && said <= tokens_max) into = said;
}

finish_reason reason_of(std::string_view word) {
  if (word == "max_tokens") return finish_reason::length;
  if (word == "model_context_window_exceeded") return finish_reason::context_length;
  if (word == "stop_sequence") return finish_reason::stop_sequence;
  if (word == "tool_use") return finish_reason::tool_calls;
  if (word == "pause_turn") return finish_reason::pause;
  if (word == "refusal") return finish_reason::refusal;
  return finish_reason::stop;
}

std::optional<std::size_t> index_in(const json::object& event) {
  const json::value* const value = event.if_contains("index");
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return std::nullopt;
  return static_cast<std::size_t>(value->get_int64());
}

}  // namespace

// The event that comes once per token, read without building anything.
struct anthropic_stream::quick_delta {
  std::int64_t index = -1;
  std::string_view type;    // of the delta
  std::string_view inside;  // of its text, still escaped

  // False for every other event, and for a delta that holds more than text.
  bool read(od::document& document) {
    od::object event;
    if (document.get_object().get(event)) return false;
    bool is_delta = false;
    for (auto item : event) {
      if (item.error()) return false;
      od::field field = item.value_unsafe();
      const std::string_view name = raw_name(field);
      od::value value = field.value();
      std::string_view word;
      if (name == "type") {
        if (!raw_string(value, word) || word != "content_block_delta") return false;
        is_delta = true;
      } else if (name == "index") {
        if (value.get_int64().get(index)) return false;
      } else if (name == "delta") {
        if (!read_delta(value)) return false;
      } else {
        return false;
      }
    }
    return is_delta && index >= 0 && !type.empty() && document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  }
  bool read_delta(od::value& value) {
    od::object delta;
    if (value.get_object().get(delta)) return false;
    for (auto item : delta) {
      if (item.error()) return false;
      od::field field = item.value_unsafe();
      const std::string_view name = raw_name(field);
      od::value member = field.value();
      if (!raw_string(member, name == "type" ? type : inside)) return false;
    }
    return type == "text_delta" || type == "thinking_delta" || type == "input_json_delta" || type == "signature_delta";
  }
};

std::unexpected<error> anthropic_stream::nonsense(std::string_view what, std::string_view data) const {
  return std::unexpected(error{.reason = error_reason::bad_gateway,
                               .message = fmt::format("provider {} sent {}", provider_, what),
                               .detail = fit_to_show(data.substr(0, excerpt_bytes))});
}

result<bool> anthropic_stream::feed(std::string_view data, provider_output& out) {
  od::document document;
  quick_delta quick;
  if (!scratch_.read(data).get(document) && quick.read(document)) {
    const auto index = static_cast<std::size_t>(quick.index);
    std::string_view text = quick.inside;
    if (half_ != 0 && (half_index_ != index || half_type_ != quick.type)) {
      if (auto fine = flush_half(out); !fine) return std::unexpected(std::move(fine.error()));
    }
    if (half_ != 0 || has_escape(text)) {
      text_.clear();
      if (!append_unescaped(text_, text, half_)) return nonsense("what is not an event of a message", data);
      if (half_ != 0) {
        half_index_ = index;
        half_type_ = quick.type;
      }
      text = text_;
    }
    auto fine = add_text(index, quick.type, text, out);
    if (!fine) return std::unexpected(std::move(fine.error()));
    return false;
  }
  if (auto fine = flush_half(out); !fine) return std::unexpected(std::move(fine.error()));
  boost::system::error_code bad;
  const json::value event = json::parse(data, bad);
  const json::object* const fields = bad ? nullptr : event.if_object();
  if (fields == nullptr) return nonsense("what is not an event of a message", data);
  return feed_event(*fields, text_in(*fields, "type"), data, out);
}

// Nothing came to make it whole.
result<void> anthropic_stream::flush_half(provider_output& out) {
  if (half_ == 0) return {};
  half_ = 0;
  return add_text(half_index_, std::exchange(half_type_, {}), "\xEF\xBF\xBD", out);
}

result<bool> anthropic_stream::feed_event(const json::object& event, std::string_view type, std::string_view data,
                                          provider_output& out) {
  result<void> fine;
  if (type == "message_start") {
    if (const json::object* const message = object_in(event, "message")) fine = begin_message(*message, out);
  } else if (type == "content_block_start" || type == "content_block_delta" || type == "content_block_stop") {
    const auto index = index_in(event);
    const json::object* const inner = object_in(event, type == "content_block_start" ? "content_block" : "delta");
    if (!index || (inner == nullptr && type != "content_block_stop"))
      return nonsense("a block without its content", data);
    if (type == "content_block_start") fine = begin_block(*index, *inner, out);
    if (type == "content_block_delta") fine = add_delta(*index, *inner, out);
    if (type == "content_block_stop") fine = end_block(*index, out);
  } else if (type == "message_delta") {
    count(event, out);
    if (const json::object* const ending = object_in(event, "delta")) fine = finish(*ending, out);
  } else if (type == "message_stop") {
    fine = end(out);
    if (fine) return true;
  } else if (type == "error") {
    return std::unexpected(error_of_event(data, provider_));
  }
  if (!fine) return std::unexpected(std::move(fine.error()));
  return false;
}

result<void> anthropic_stream::begin_message(const json::object& message, provider_output& out) {
  out.set_response_id(text_in(message, "id"));
  out.set_model(text_in(message, "model"));
  count(message, out);
  return add_fields(message,
                    {"id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "stop_details", "usage"},
                    out);
}

result<void> anthropic_stream::begin_block(std::size_t index, const json::object& block, provider_output& out) {
  if (index >= blocks_max) return nonsense("more content blocks than an answer may have", {});
  if (blocks_.size() <= index) blocks_.resize(index + 1);
  auto& known = blocks_[index];
  known = {};
  const std::string_view type = text_in(block, "type");
  if (type == "text") {
    known.kind = block_kind::text;
    if (result<void> fine = append(delta_kind::text, text_in(block, "text"), out); !fine) return fine;
    const json::value* const citations = block.if_contains("citations");
    if (citations == nullptr || !citations->is_array()) return {};
    for (const json::value& citation : citations->get_array()) {
      if (result<void> fine = append(delta_kind::citation, json::serialize(citation), out); !fine) return fine;
    }
    return {};
  }
  if (type == "thinking") {
    known.kind = block_kind::thinking;
    if (result<void> fine = append(delta_kind::reasoning, text_in(block, "thinking"), out); !fine) return fine;
    return append(delta_kind::signature, text_in(block, "signature"), out);
  }
  if (type == "tool_use") {
    known.kind = block_kind::tool_use;
    known.call = calls_++;
    const json::object* const input = object_in(block, "input");
    const json::object others = generation::vendor_fields_of(block, {"type", "id", "name", "input"});
    return add_tool_call(known.call, text_in(block, "id"), text_in(block, "name"),
                         input == nullptr || input->empty() ? std::string() : json::serialize(*input),
                         others.empty() ? std::string() : json::serialize(others), out);
  }
  known.kind = block_kind::other;
  known.whole = block;
  return hold(json::serialize(block).size());
}

result<void> anthropic_stream::end_block(std::size_t index, provider_output& out) {
  if (index >= blocks_.size() || blocks_[index].kind != block_kind::other) return {};
  auto& known = blocks_[index];
  known.kind = block_kind::none;
  if (!known.partial_input.empty()) {
    boost::system::error_code bad;
    json::value input = json::parse(known.partial_input, bad);
    if (bad) return nonsense("a tool's input that is not JSON", known.partial_input);
    known.whole["input"] = std::move(input);
  }
  generation::content_part part;
  if (text_in(known.whole, "type") == "redacted_thinking") {
    part.what = generation::reasoning_part{.redacted = std::string(text_in(known.whole, "data"))};
  } else {
    part.what = generation::vendor_part{.dialect = std::string(anthropic_dialect), .value = std::move(known.whole)};
  }
  std::vector<generation::content_part> alone;
  alone.push_back(std::move(part));
  return append(delta_kind::part, json::serialize(generation::to_json(alone).front()), out);
}

result<void> anthropic_stream::add_delta(std::size_t index, const json::object& delta, provider_output& out) {
  const std::string_view type = text_in(delta, "type");
  if (type == "citations_delta") {
    const json::value* const citation = delta.if_contains("citation");
    return citation == nullptr ? result<void>() : append(delta_kind::citation, json::serialize(*citation), out);
  }
  for (const auto& [name, field] : {std::pair("text_delta", "text"),
                                    {"thinking_delta", "thinking"},
                                    {"signature_delta", "signature"},
                                    {"input_json_delta", "partial_json"}}) {
    if (type == name) return add_text(index, type, text_in(delta, field), out);
  }
  return {};
}

result<void> anthropic_stream::add_text(std::size_t index, std::string_view type, std::string_view text,
                                        provider_output& out) {
  if (index >= blocks_.size() || blocks_[index].kind == block_kind::none)
    return nonsense("a piece of a content block that was not begun", {});
  auto& known = blocks_[index];
  if (text.empty()) return {};
  if (type == "text_delta") return append(delta_kind::text, text, out);
  if (type == "thinking_delta") return append(delta_kind::reasoning, text, out);
  if (type == "signature_delta") return append(delta_kind::signature, text, out);
  if (known.kind == block_kind::tool_use) return add_tool_call(known.call, {}, {}, text, {}, out);
  known.partial_input += text;
  return hold(text.size());
}

result<void> anthropic_stream::hold(std::size_t bytes) {
  held_bytes_ += bytes;
  if (held_bytes_ > held_bytes_max) return std::unexpected(provider_output::too_long());
  return {};
}

result<void> anthropic_stream::add_tool_call(std::uint32_t call, std::string_view id, std::string_view name,
                                             std::string_view arguments, std::string_view extensions,
                                             provider_output& out) {
  fragment_.clear();
  generation::encode_tool_call(
      fragment_, {.index = call, .id = id, .name = name, .arguments = arguments, .extensions = extensions});
  return append(delta_kind::tool_call, fragment_, out);
}

result<void> anthropic_stream::append(delta_kind kind, std::string_view bytes, provider_output& out) {
  if (bytes.empty() || out.append(kind, bytes)) return {};
  return std::unexpected(provider_output::too_long());
}

result<void> anthropic_stream::finish(const json::object& ending, provider_output& out) {
  const std::string_view word = text_in(ending, "stop_reason");
  if (!word.empty() && !has_ended_) {
    has_ended_ = true;
    out.finish_choice({.choice = 0,
                       .reason = reason_of(word),
                       .provider_reason = std::string(word),
                       .stop_sequence = std::string(text_in(ending, "stop_sequence"))});
  }
  return add_fields(ending, {"id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"}, out);
}

result<void> anthropic_stream::add_fields(const json::object& from, std::initializer_list<std::string_view> known,
                                          provider_output& out) {
  for (const auto& [name, value] : generation::vendor_fields_of(from, known)) {
    if (!out.set_extension(name, json::serialize(value))) return std::unexpected(provider_output::too_many_fields());
  }
  return {};
}

void anthropic_stream::count(const json::object& message_or_delta, provider_output& out) {
  const json::object* const said = object_in(message_or_delta, "usage");
  if (said == nullptr) return;
  take_count(*said, "input_tokens", fresh_tokens_);
  take_count(*said, "cache_creation_input_tokens", written_tokens_);
  take_count(*said, "cache_read_input_tokens", cached_tokens_);
  take_count(*said, "output_tokens", output_tokens_);
  if (const json::object* const details = object_in(*said, "output_tokens_details"))
    take_count(*details, "thinking_tokens", thinking_tokens_);
  out.report_usage({.input_tokens = fresh_tokens_ + written_tokens_ + cached_tokens_,
                    .cached_tokens = cached_tokens_,
                    .cache_write_tokens = written_tokens_,
                    .output_tokens = output_tokens_,
                    .reasoning_tokens = std::min(thinking_tokens_, output_tokens_),
                    .source = generation::usage_source::provider});
}

result<void> anthropic_stream::translate_whole(std::string_view text, provider_output& out) {
  boost::system::error_code bad;
  const json::value whole = json::parse(text, bad);
  const json::object* const message = bad ? nullptr : whole.if_object();
  if (message == nullptr) return nonsense("what is not a message", text);
  if (text_in(*message, "type") == "error") return std::unexpected(error_of_event(text, provider_));
  const json::value* const content = message->if_contains("content");
  if (content == nullptr || !content->is_array()) return nonsense("a message without content", text);
  if (result<void> fine = begin_message(*message, out); !fine) return fine;
  for (std::size_t index = 0; index < content->get_array().size(); ++index) {
    const json::object* const block = content->get_array()[index].if_object();
    if (block == nullptr) return nonsense("a content block that is none", text);
    if (result<void> fine = begin_block(index, *block, out); !fine) return fine;
    if (result<void> fine = end_block(index, out); !fine) return fine;
  }
  if (result<void> fine = finish(*message, out); !fine) return fine;
  return end(out);
}

result<void> anthropic_stream::end(provider_output&) {
  if (has_ended_) return {};
  return failure(error_reason::bad_gateway,
                 fmt::format("the answer of provider {} ended without saying that it was complete", provider_));
}

}  // namespace sluice::agent
