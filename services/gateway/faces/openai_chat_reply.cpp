#include "gateway/faces/openai_chat_reply.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/json_text.hpp"
#include "gateway/faces/openai_errors.hpp"
#include "generation/answer.hpp"
#include "generation/vendor_fields.hpp"
#include "http/sse_writer.hpp"

namespace sluice::gateway::openai {
namespace {

namespace json = boost::json;
using generation::delta_kind;
using generation::finish_reason;

// What an answer needs beside its text.
constexpr std::size_t whole_overhead_bytes = 1024;

std::string_view finish_word(finish_reason reason) {
  switch (reason) {
    case finish_reason::length:
    case finish_reason::context_length:
      return "length";
    case finish_reason::tool_calls:
      return "tool_calls";
    case finish_reason::content_filter:
      return "content_filter";
    case finish_reason::stop:
    case finish_reason::stop_sequence:
    case finish_reason::refusal:
    case finish_reason::pause:
    case finish_reason::cancelled:
    case finish_reason::error:
      return "stop";
  }
  return "stop";
}

void append_usage(std::string& out, const generation::usage& used) {
  out += fmt::format(
      R"("usage":{{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},)"
      R"("prompt_tokens_details":{{"cached_tokens":{},"audio_tokens":{}}},)"
      R"("completion_tokens_details":{{"reasoning_tokens":{},"audio_tokens":{},"accepted_prediction_tokens":{},)"
      R"("rejected_prediction_tokens":{}}}}})",
      used.input_tokens, used.output_tokens, used.total_tokens(), used.cached_tokens, used.input_audio_tokens,
      used.reasoning_tokens, used.output_audio_tokens, used.accepted_prediction_tokens,
      used.rejected_prediction_tokens);
}

// Fields of the whole response that the provider's dialect has and ours passes on, e.g. system_fingerprint.
void append_response_fields(std::string& out, const generation::finish& how) {
  constexpr std::size_t braces = 2;
  if (how.extensions.size() > braces) out.append(",").append(how.extensions, 1, how.extensions.size() - braces);
}

// The end of a tool call: of its function first, whose other fields are written before.
void end_tool_call(std::string& out, bool is_custom, const json::object& extensions) {
  generation::append_inner_vendor_fields(out, extensions, is_custom ? "custom" : "function");
  out += '}';
  generation::append_vendor_fields(out, extensions, {"function", "custom"});
  out += '}';
}

void append_message(std::string& out, const generation::answer& said, const json::object& extensions) {
  out += R"("message":{"role":"assistant","content":)";
  if (said.text.empty() && (!said.tool_calls.empty() || !said.refusal.empty())) {
    out += "null";
  } else {
    append_json_string(out, said.text);
  }
  out += R"(,"refusal":)";
  if (said.refusal.empty()) {
    out += "null";
  } else {
    append_json_string(out, said.refusal);
  }
  if (const std::string reasoning = said.reasoning + said.reasoning_summary; !reasoning.empty()) {
    out += R"(,"reasoning_content":)";
    append_json_string(out, reasoning);
  }
  if (!said.tool_calls.empty()) {
    out += R"(,"tool_calls":[)";
    for (const generation::tool_call& call : said.tool_calls) {
      if (&call != &said.tool_calls.front()) out += ',';
      out += R"({"id":)";
      append_json_string(out, call.id);
      out += call.is_custom ? R"(,"type":"custom","custom":{"name":)" : R"(,"type":"function","function":{"name":)";
      append_json_string(out, call.name);
      out += call.is_custom ? R"(,"input":)" : R"(,"arguments":)";
      append_json_string(out, call.arguments);
      end_tool_call(out, call.is_custom, call.extensions);
    }
    out += ']';
  }
  generation::append_inner_vendor_fields(out, extensions, "delta");
  out += '}';
}

}  // namespace

chat_reply::chat_reply(std::string_view generation_id, std::string_view model, std::int64_t created, bool include_usage)
    : generation_id_(generation_id), model_(model), created_(created), include_usage_(include_usage) {
  // OpenAI's ids begin with chatcmpl-; what follows is our generation's ULID.
  head_ = R"({"id":"chatcmpl-)";
  append_json_escaped(head_, generation_id.substr(generation_id.find('_') + 1));
  head_ += R"(","object":"chat.completion.chunk","created":)";
  append_number(head_, created);
  head_ += R"(,"model":)";
  append_json_string(head_, model);
  head_ += R"(,"choices":[)";
}

void chat_reply::begin_chunk(std::string& out, std::uint64_t seq) const {
  // Written out, for this is once per token: begin_sse_event with an id that is never held as a string.
  out += "id: ";
  out += generation_id_;
  out += ':';
  append_number(out, seq);
  out += "\ndata: ";
  out += head_;
}

void chat_reply::end_chunk(std::string& out) const {
  out += include_usage_ ? "],\"usage\":null}\n\n" : "]}\n\n";
}

void chat_reply::open_choice(std::string& out, std::uint8_t choice, std::uint64_t seq) {
  if (opened_.size() <= choice) {
    opened_.resize(std::size_t{choice} + 1, false);
    tool_calls_begun_.resize(std::size_t{choice} + 1);
  }
  if (opened_[choice]) return;
  opened_[choice] = true;
  begin_chunk(out, seq - 1);
  out += fmt::format(
      R"({{"index":{},"delta":{{"role":"assistant","content":""}},"logprobs":null,"finish_reason":null}})", choice);
  end_chunk(out);
}

void chat_reply::append_delta(std::string& out, const generation::log& source, const generation::run& found) {
  const auto append_text = [&](std::string_view field) {
    out += '"';
    out += field;
    out += "\":\"";
    source.for_each_piece(found.begin, found.end, [&](std::string_view piece) { append_json_escaped(out, piece); });
    out += '"';
  };
  const auto begin_choice = [&] {
    open_choice(out, found.choice, found.first);
    begin_chunk(out, found.last);
    out += R"({"index":)";
    append_number(out, found.choice);
    out += R"(,"delta":{)";
  };
  constexpr std::string_view end_choice = R"(},"finish_reason":null})";
  switch (found.kind) {
    case delta_kind::text:
      begin_choice();
      append_text("content");
      break;
    case delta_kind::reasoning:
    case delta_kind::reasoning_summary:
      begin_choice();
      append_text("reasoning_content");
      break;
    case delta_kind::refusal:
      begin_choice();
      append_text("refusal");
      break;
    case delta_kind::tool_call: {
      const std::string bytes = source.copy(found.begin, found.end);
      const generation::tool_call_fragment fragment = generation::decode_tool_call(bytes);
      begin_choice();
      auto& begun = tool_calls_begun_[found.choice];
      out += R"("tool_calls":[{"index":)";
      append_number(out, fragment.index);
      const bool first = std::ranges::find(begun, fragment.index) == begun.end();
      if (first) {
        begun.push_back(fragment.index);
        out += R"(,"id":)";
        append_json_string(out, fragment.id);
        out +=
            fragment.is_custom ? R"(,"type":"custom","custom":{"name":)" : R"(,"type":"function","function":{"name":)";
        append_json_string(out, fragment.name);
        out += ',';
      } else {
        out += fragment.is_custom ? R"(,"custom":{)" : R"(,"function":{)";
      }
      out += fragment.is_custom ? R"("input":)" : R"("arguments":)";
      append_json_string(out, fragment.arguments);
      end_tool_call(
          out, fragment.is_custom,
          fragment.extensions.empty() ? json::object() : generation::parse_vendor_fields(fragment.extensions));
      out += ']';
      break;
    }
    case delta_kind::extension: {
      const json::object extension = generation::parse_vendor_fields(source.copy(found.begin, found.end));
      begin_choice();
      std::string fields;
      generation::append_inner_vendor_fields(fields, extension, "delta");
      if (!fields.empty()) out += std::string_view(fields).substr(1);
      out += '}';
      generation::append_inner_vendor_fields(out, extension, "choice");
      out += R"(,"finish_reason":null})";
      return end_chunk(out);
    }
    case delta_kind::signature:
    case delta_kind::citation:
    case delta_kind::part:
    case delta_kind::usage:
    case delta_kind::rewind:
    case delta_kind::finish:
      return;
  }
  out += end_choice;
  end_chunk(out);
}

void chat_reply::append_end(std::string& out, const generation::finish& how, std::uint64_t seq) {
  std::vector<generation::choice_finish> choices = how.choices;
  if (choices.empty()) choices.emplace_back();
  for (const generation::choice_finish& choice : choices) {
    open_choice(out, choice.choice, seq);
    begin_chunk(out, seq);
    out +=
        fmt::format(R"({{"index":{},"delta":{{}},"finish_reason":"{}"}})", choice.choice, finish_word(choice.reason));
    out += include_usage_ ? R"(],"usage":null)" : "]";
    append_response_fields(out, how);
    out += "}\n\n";
  }
  if (include_usage_) {
    begin_chunk(out, seq);
    out += "],";
    append_usage(out, how.usage);
    append_response_fields(out, how);
    out += "}\n\n";
  }
  out += "data: [DONE]\n\n";
}

void chat_reply::append_failure(std::string& out, const error& problem, std::uint64_t seq) {
  http::append_sse_event(out, error_body(problem), {}, fmt::format("{}:{}", generation_id_, seq));
}

std::string chat_reply::whole(const generation::log& source) {
  const std::vector<generation::answer> choices = generation::collect(source);
  const generation::finish& how = source.ending();
  std::string out;
  out.reserve(whole_overhead_bytes + choices.front().text.size() + choices.front().text.size() / 8 +
              choices.front().reasoning.size());
  out += R"({"id":"chatcmpl-)";
  append_json_escaped(out, std::string_view(generation_id_).substr(generation_id_.find('_') + 1));
  out += R"(","object":"chat.completion","created":)";
  append_number(out, created_);
  out += R"(,"model":)";
  append_json_string(out, model_);
  out += R"(,"choices":[)";
  for (std::size_t i = 0; i < choices.size(); ++i) {
    json::object extensions;
    for (const std::string& piece : choices[i].extensions)
      generation::join_vendor_fields(extensions, generation::parse_vendor_fields(piece));
    const auto ended =
        std::ranges::find(how.choices, i, [](const generation::choice_finish& one) { return std::size_t{one.choice}; });
    out += i == 0 ? R"({"index":)" : R"(,{"index":)";
    append_number(out, i);
    out += ',';
    append_message(out, choices[i], extensions);
    out += R"(,"finish_reason":")";
    out += ended == how.choices.end() ? "stop" : finish_word(ended->reason);
    out += '"';
    generation::append_inner_vendor_fields(out, extensions, "choice");
    out += '}';
  }
  out += "],";
  append_usage(out, how.usage);
  append_response_fields(out, how);
  out += '}';
  return out;
}

}  // namespace sluice::gateway::openai
