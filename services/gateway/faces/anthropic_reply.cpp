#include "gateway/faces/anthropic_reply.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/json_text.hpp"
#include "gateway/faces/anthropic_errors.hpp"
#include "generation/content_json.hpp"
#include "http/sse_writer.hpp"

namespace sluice::gateway::anthropic {
namespace {

namespace json = boost::json;
using generation::delta_kind;
using generation::finish_reason;

std::string_view stop_reason(finish_reason reason) {
  switch (reason) {
    case finish_reason::stop_sequence:
      return "stop_sequence";
    case finish_reason::length:
      return "max_tokens";
    case finish_reason::context_length:
      return "model_context_window_exceeded";
    case finish_reason::tool_calls:
      return "tool_use";
    case finish_reason::content_filter:
    case finish_reason::refusal:
      return "refusal";
    case finish_reason::pause:
      return "pause_turn";
    case finish_reason::stop:
    case finish_reason::cancelled:
    case finish_reason::error:
      return "end_turn";
  }
  return "end_turn";
}

// `"stop_reason":…,"stop_sequence":…`. Not every provider says of an answer with calls that it waits for their results.
void append_stop(std::string& out, const generation::finish& how, bool has_tools) {
  generation::choice_finish ended;
  if (!how.choices.empty()) ended = how.choices.front();
  if (has_tools && ended.reason == finish_reason::stop) ended.reason = finish_reason::tool_calls;
  out += fmt::format(R"("stop_reason":"{}","stop_sequence":)", stop_reason(ended.reason));
  if (ended.reason == finish_reason::stop_sequence && !ended.stop_sequence.empty()) {
    append_json_string(out, ended.stop_sequence);
  } else {
    out += "null";
  }
}

// Anthropic counts what came from the cache, and what went into it, beside the rest of the input.
void append_usage(std::string& out, const generation::usage& used) {
  const std::int64_t fresh =
      std::max<std::int64_t>(used.input_tokens - used.cached_tokens - used.cache_write_tokens, 0);
  out += fmt::format(
      R"("usage":{{"input_tokens":{},"cache_creation_input_tokens":{},"cache_read_input_tokens":{},"output_tokens":{},)"
      R"("output_tokens_details":{{"thinking_tokens":{}}}}})",
      fresh, used.cache_write_tokens, used.cached_tokens, used.output_tokens, used.reasoning_tokens);
}

// A part that came whole, as a block: redacted thinking, and what only Anthropic knows. Null for every other part.
json::value block_of(std::string_view part) {
  boost::system::error_code bad;
  const json::value parsed = json::parse(part, bad);
  auto read = bad ? generation::parse_parts(json::array()) : generation::parse_parts(json::array{parsed});
  if (!read || read->empty()) return nullptr;
  if (const auto* const thought = std::get_if<generation::reasoning_part>(&read->front().what))
    return {{"type", "redacted_thinking"}, {"data", thought->redacted}};
  const auto* const vendor = std::get_if<generation::vendor_part>(&read->front().what);
  return vendor != nullptr && vendor->dialect == "anthropic" && vendor->value.is_object() ? vendor->value : nullptr;
}

bool is_own_citation(const json::value& citation) {
  const json::object* const fields = citation.if_object();
  const json::value* const type = fields == nullptr ? nullptr : fields->if_contains("type");
  return type != nullptr && type->is_string() && type->get_string().ends_with("_location");
}

json::value parse_or_null(std::string_view text) {
  boost::system::error_code bad;
  json::value value = json::parse(text, bad);
  return bad ? json::value() : value;
}

// The content blocks of a whole answer, in the order in which they began.
class block_list {
 public:
  void add(const generation::log& source, std::uint64_t position);
  json::array take();
  bool has_tools() const { return !calls_.empty(); }

 private:
  struct call {
    std::uint32_t index;
    std::size_t place;
    std::string arguments;
  };
  json::object& last(std::string_view type, std::initializer_list<std::pair<std::string_view, json::value>> fields);
  static void append(json::object& block, std::string_view field, const std::string& bytes);
  void add_call(std::string_view bytes);

  std::vector<json::object> blocks_;
  std::vector<call> calls_;
};

json::object& block_list::last(std::string_view type,
                               std::initializer_list<std::pair<std::string_view, json::value>> fields) {
  if (blocks_.empty() || blocks_.back().at("type").as_string() != type) {
    json::object& made = blocks_.emplace_back();
    made["type"] = type;
    for (const auto& [name, value] : fields)
      made[name] = value;
  }
  return blocks_.back();
}

void block_list::append(json::object& block, std::string_view field, const std::string& bytes) {
  block[field].as_string().append(bytes);
}

void block_list::add(const generation::log& source, std::uint64_t position) {
  const generation::log::entry& delta = source.at(position);
  if (delta.choice != 0) return;
  const std::string bytes = source.copy(source.begin_of(position), delta.end);
  switch (delta.kind()) {
    case delta_kind::text:
    case delta_kind::refusal:
      return append(last("text", {{"text", ""}, {"citations", nullptr}}), "text", bytes);
    case delta_kind::reasoning:
    case delta_kind::reasoning_summary:
      return append(last("thinking", {{"thinking", ""}, {"signature", ""}}), "thinking", bytes);
    case delta_kind::signature:
      if (!blocks_.empty() && blocks_.back().at("type") == "thinking") append(blocks_.back(), "signature", bytes);
      return;
    case delta_kind::citation: {
      json::value citation = parse_or_null(bytes);
      if (!is_own_citation(citation)) return;
      json::value& all = last("text", {{"text", ""}, {"citations", nullptr}})["citations"];
      if (all.is_null()) all.emplace_array();
      all.get_array().push_back(std::move(citation));
      return;
    }
    case delta_kind::part:
      if (json::value block = block_of(bytes); block.is_object()) blocks_.push_back(std::move(block.get_object()));
      return;
    case delta_kind::tool_call:
      return add_call(bytes);
    case delta_kind::extension:
    case delta_kind::usage:
    case delta_kind::rewind:
    case delta_kind::finish:
      return;
  }
}

void block_list::add_call(std::string_view bytes) {
  const generation::tool_call_fragment fragment = generation::decode_tool_call(bytes);
  auto known = std::ranges::find(calls_, fragment.index, &call::index);
  if (known == calls_.end()) {
    calls_.push_back({.index = fragment.index, .place = blocks_.size(), .arguments = {}});
    known = calls_.end() - 1;
    blocks_.push_back({{"type", "tool_use"}, {"id", fragment.id}, {"name", fragment.name}});
  }
  known->arguments += fragment.arguments;
}

json::array block_list::take() {
  for (const call& one : calls_) {
    json::value input = parse_or_null(one.arguments);
    blocks_[one.place]["input"] = input.is_object() ? std::move(input) : json::value(json::object());
  }
  json::array all;
  for (json::object& block : blocks_)
    all.push_back(std::move(block));
  return all;
}

}  // namespace

message_reply::message_reply(std::string_view generation_id, std::string_view model)
    : generation_id_(generation_id), model_(model) {}

void message_reply::append_message_head(std::string& out) const {
  // Anthropic's ids begin with msg_; what follows is our generation's ULID.
  out += R"("id":"msg_)";
  append_json_escaped(out, std::string_view(generation_id_).substr(generation_id_.find('_') + 1));
  out += R"(","type":"message","role":"assistant","model":)";
  append_json_string(out, model_);
}

void message_reply::begin_event(std::string& out, std::string_view name, std::uint64_t seq) const {
  // Written out, for this is once per token: begin_sse_event with an id that is never held as a string.
  out += "id: ";
  out += generation_id_;
  out += ':';
  append_number(out, seq);
  out += "\nevent: ";
  out += name;
  out += R"(
data: {"type":")";
  out += name;
  out += '"';
}

void message_reply::open_message(std::string& out, std::uint64_t seq) {
  if (opened_) return;
  opened_ = true;
  begin_event(out, "message_start", seq);
  out += R"(,"message":{)";
  append_message_head(out);
  out += R"(,"content":[],"stop_reason":null,"stop_sequence":null,)";
  append_usage(out, {});
  out += "}}\n\n";
}

void message_reply::begin_block(std::string& out, std::uint64_t seq) {
  begin_event(out, "content_block_start", seq);
  out += R"(,"index":)";
  append_number(out, next_index_++);
  out += R"(,"content_block":)";
}

void message_reply::open_block(std::string& out, block kind, std::uint64_t seq) {
  if (open_ == kind) return;
  close_blocks(out, seq);
  open_ = kind;
  if (kind == block::tools) return;
  begin_block(out, seq);
  out += kind == block::text ? R"({"type":"text","text":"","citations":null}})"
                             : R"({"type":"thinking","thinking":"","signature":""}})";
  out += "\n\n";
}

void message_reply::close_blocks(std::string& out, std::uint64_t seq) {
  const auto close = [&](std::uint32_t index) {
    begin_event(out, "content_block_stop", seq);
    out += R"(,"index":)";
    append_number(out, index);
    out += "}\n\n";
  };
  if (open_ == block::text || open_ == block::thinking) close(next_index_ - 1);
  for (const tool_block& tool : tools_)
    close(tool.index);
  tools_.clear();
  open_ = block::none;
}

void message_reply::append_block_delta(std::string& out, std::uint32_t index, std::string_view type,
                                       std::string_view field, std::uint64_t seq) const {
  begin_event(out, "content_block_delta", seq);
  out += R"(,"index":)";
  append_number(out, index);
  out += R"(,"delta":{"type":")";
  out += type;
  out += R"(",")";
  out += field;
  out += "\":";
}

void message_reply::append_tool_call(std::string& out, std::string_view bytes, std::uint64_t seq) {
  const generation::tool_call_fragment fragment = generation::decode_tool_call(bytes);
  open_block(out, block::tools, seq);
  auto known = std::ranges::find(tools_, fragment.index, &tool_block::call);
  if (known == tools_.end()) {
    tools_.push_back({.call = fragment.index, .index = next_index_});
    known = tools_.end() - 1;
    has_tools_ = true;
    begin_block(out, seq);
    append_json_string(out.append(R"({"type":"tool_use","id":)"), fragment.id);
    append_json_string(out.append(R"(,"name":)"), fragment.name);
    out += R"(,"input":{}}})";
    out += "\n\n";
  }
  append_block_delta(out, known->index, "input_json_delta", "partial_json", seq);
  append_json_string(out, fragment.arguments);
  out += "}}\n\n";
}

void message_reply::append_whole_block(std::string& out, std::string_view text, std::uint64_t seq) {
  const json::value block = block_of(text);
  if (!block.is_object()) return;
  close_blocks(out, seq);
  begin_block(out, seq);
  out += json::serialize(block);
  out += "}\n\n";
  begin_event(out, "content_block_stop", seq);
  out += R"(,"index":)";
  append_number(out, next_index_ - 1);
  out += "}\n\n";
}

void message_reply::append_delta(std::string& out, const generation::log& source, const generation::run& found) {
  if (found.choice != 0) return;
  const auto append_text = [&](block kind, std::string_view type, std::string_view field) {
    open_block(out, kind, found.first);
    append_block_delta(out, next_index_ - 1, type, field, found.last);
    out += '"';
    source.for_each_piece(found.begin, found.end, [&](std::string_view piece) { append_json_escaped(out, piece); });
    out += "\"}}\n\n";
  };
  open_message(out, found.first - 1);
  switch (found.kind) {
    case delta_kind::text:
    case delta_kind::refusal:
      return append_text(block::text, "text_delta", "text");
    case delta_kind::reasoning:
    case delta_kind::reasoning_summary:
      return append_text(block::thinking, "thinking_delta", "thinking");
    case delta_kind::signature:
      if (open_ == block::thinking) append_text(block::thinking, "signature_delta", "signature");
      return;
    case delta_kind::citation: {
      const std::string citation = source.copy(found.begin, found.end);
      if (!is_own_citation(parse_or_null(citation))) return;
      open_block(out, block::text, found.first);
      append_block_delta(out, next_index_ - 1, "citations_delta", "citation", found.last);
      out += citation;
      out += "}}\n\n";
      return;
    }
    case delta_kind::tool_call:
      return append_tool_call(out, source.copy(found.begin, found.end), found.last);
    case delta_kind::part:
      return append_whole_block(out, source.copy(found.begin, found.end), found.last);
    case delta_kind::extension:
    case delta_kind::usage:
    case delta_kind::rewind:
    case delta_kind::finish:
      return;
  }
}

void message_reply::append_end(std::string& out, const generation::finish& how, std::uint64_t seq) {
  open_message(out, seq - 1);
  close_blocks(out, seq);
  begin_event(out, "message_delta", seq);
  out += R"(,"delta":{)";
  append_stop(out, how, has_tools_);
  out += "},";
  append_usage(out, how.usage);
  out += "}\n\n";
  begin_event(out, "message_stop", seq);
  out += "}\n\n";
}

void message_reply::append_failure(std::string& out, const error& problem, std::uint64_t seq) {
  http::append_sse_event(out, error_body(problem), "error", fmt::format("{}:{}", generation_id_, seq));
}

void message_reply::append_sign_of_life(std::string& out) {
  http::append_sse_event(out, R"({"type":"ping"})", "ping");
}

std::string message_reply::whole(const generation::log& source) {
  block_list blocks;
  for (std::uint64_t position = 0; position < source.published(); ++position)
    blocks.add(source, position);
  const bool has_tools = blocks.has_tools();
  std::string out = "{";
  append_message_head(out);
  out += R"(,"content":)";
  out += json::serialize(blocks.take());
  out += ',';
  append_stop(out, source.ending(), has_tools);
  out += ',';
  append_usage(out, source.ending().usage);
  out += '}';
  return out;
}

}  // namespace sluice::gateway::anthropic
