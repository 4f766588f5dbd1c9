#include "gateway/chat_frames.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/json_text.hpp"
#include "base/utf8.hpp"
#include "door/field_reader.hpp"
#include "http/message.hpp"

namespace sluice::gateway {

using namespace door;

namespace {

namespace json = boost::json;
using generation::delta_kind;

void append_request_id(std::string& out, const std::optional<std::string>& id) {
  if (!id) return;
  out += R"(,"id":)";
  append_json_string(out, *id);
}

void append_seq(std::string& out, std::uint64_t seq) {
  out += R"(,"seq":)";
  append_number(out, seq);
}

void append_problem(std::string& out, const error& problem) {
  out += R"({"code":)";
  append_number(out, http::status_of(problem.reason));
  out += R"(,"type":")";
  out += to_string(problem.reason);
  out += R"(","message":)";
  append_json_string(out, problem.message);
  if (!problem.param.empty()) {
    out += R"(,"param":)";
    append_json_string(out, problem.param);
  }
  if (problem.retry_after) {
    out += R"(,"retry_after":)";
    append_number(out, (problem.retry_after->count() + 999) / 1000);
  }
  out += '}';
}

void append_text_delta(std::string& out, chat_dialect dialect, const frame_owner& owner, std::string_view model,
                       const generation::log& source, const generation::run& found) {
  out += R"({"type":"chat")";
  if (dialect == chat_dialect::full) {
    out += owner.text();
    append_seq(out, found.last);
  }
  out += R"(,"payload":{"content":")";
  source.for_each_piece(found.begin, found.end, [&](std::string_view piece) { append_json_escaped(out, piece); });
  out += found.kind == delta_kind::text || found.kind == delta_kind::refusal ? R"(","type":"text","model":)"
                                                                             : R"(","type":"reasoning","model":)";
  append_json_string(out, model);
  out += "}}";
}

void append_tool_call(std::string& out, const frame_owner& owner, const generation::log& source,
                      const generation::run& found) {
  const std::string bytes = source.copy(found.begin, found.end);
  const generation::tool_call_fragment fragment = generation::decode_tool_call(bytes);
  out += R"({"type":"tool_call")";
  out += owner.text();
  append_seq(out, found.last);
  out += R"(,"payload":{"index":)";
  append_number(out, fragment.index);
  if (!fragment.id.empty()) {
    out += R"(,"tool_call_id":)";
    append_json_string(out, fragment.id);
  }
  if (!fragment.name.empty()) {
    out += R"(,"name":)";
    append_json_string(out, fragment.name);
  }
  if (fragment.is_custom) out += R"(,"custom":true)";
  out += R"(,"arguments":)";
  append_json_string(out, fragment.arguments);
  if (!fragment.extensions.empty()) out.append(R"(,"extensions":)").append(fragment.extensions);
  out += "}}";
}

void append_rewind(std::string& out, const frame_owner& owner, const generation::log& source,
                   const generation::run& found) {
  const generation::rewind back = generation::decode_rewind(source.copy(found.begin, found.end));
  out += R"({"type":"rewind")";
  out += owner.text();
  append_seq(out, found.last);
  out += fmt::format(R"(,"payload":{{"keep":{{"text":{},"reasoning":{},"tool_calls":[{}]}},"reason":)", back.keep_text,
                     back.keep_reasoning, fmt::join(back.keep_tool_calls, ","));
  append_json_string(out, back.reason);
  out += "}}";
}

void append_usage(std::string& out, const generation::usage& used) {
  out += fmt::format(
      R"("usage":{{"input_tokens":{},"cached_tokens":{},"output_tokens":{},"reasoning_tokens":{},"source":"{}"}})",
      used.input_tokens, used.cached_tokens, used.output_tokens, used.reasoning_tokens, to_string(used.source));
}

}  // namespace

result<client_frame> parse_client_frame(std::string_view text, const json_limits& limits) {
  auto parsed = parse_json(text, limits);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  json::object* const frame = parsed->if_object();
  const json::value* const type = frame == nullptr ? nullptr : frame->if_contains("type");
  if (type == nullptr || !type->is_string()) {
    return failure(error_reason::invalid_argument,
                   R"(a frame must be an object with a string "type", e.g. {"type":"ping"})", "type");
  }
  client_frame read{.type = std::string(type->get_string()), .id = std::nullopt, .trace = {}, .payload = nullptr};
  if (const json::value* const id = frame->if_contains("id"); id != nullptr && !id->is_null()) {
    if (!id->is_string() || id->get_string().empty() ||
        count_code_points(id->get_string()) > request_id_characters_max) {
      return failure(error_reason::invalid_argument,
                     fmt::format("\"id\" must be a string of 1 to {} characters", request_id_characters_max), "id");
    }
    read.id = std::string(id->get_string());
  }
  const auto text_of = [frame](std::string_view name) {
    const json::value* const found = frame->if_contains(name);
    return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : std::string_view();
  };
  read.trace = telemetry::parse_trace_context(text_of("traceparent"), text_of("tracestate"));
  if (json::value* const payload = frame->if_contains("payload")) read.payload = std::move(*payload);
  return read;
}

frame_owner::frame_owner(const std::optional<std::string>& id, std::string_view generation_id) {
  append_request_id(text_, id);
  text_ += R"(,"generation_id":)";
  append_json_string(text_, generation_id);
}

void append_started(std::string& out, const frame_owner& owner, const agent::started& about) {
  const auto append_or_null = [&](const std::string& value) {
    if (value.empty()) {
      out += "null";
    } else {
      append_json_string(out, value);
    }
  };
  out += R"({"type":"started")";
  out += owner.text();
  out += R"(,"payload":{"conversation_id":)";
  append_or_null(about.conversation_id);
  out += R"(,"message_id":)";
  append_or_null(about.message_id);
  out += R"(,"model":)";
  append_json_string(out, about.model);
  out += R"(,"provider":)";
  append_json_string(out, about.provider);
  out += "}}";
}

bool append_delta(std::string& out, chat_dialect dialect, const frame_owner& owner, std::string_view model,
                  const generation::log& source, const generation::run& found) {
  switch (found.kind) {
    case delta_kind::text:
    case delta_kind::reasoning:
    case delta_kind::reasoning_summary:
    case delta_kind::refusal:
      append_text_delta(out, dialect, owner, model, source, found);
      return true;
    case delta_kind::tool_call:
      if (dialect == chat_dialect::basic) return false;
      append_tool_call(out, owner, source, found);
      return true;
    case delta_kind::rewind:
      if (dialect == chat_dialect::basic) return false;
      append_rewind(out, owner, source, found);
      return true;
    case delta_kind::signature:
    case delta_kind::citation:
    case delta_kind::part:
    case delta_kind::extension:
    case delta_kind::usage:
    case delta_kind::finish:
      return false;
  }
  return false;
}

void append_done(std::string& out, chat_dialect dialect, const frame_owner& owner, std::uint64_t seq,
                 std::string_view model, const generation::finish& how) {
  if (dialect == chat_dialect::basic && how.status == generation::status::failed) {
    return append_error(out, std::nullopt, how.problem.value_or(error{.message = "the answer failed"}));
  }
  if (dialect == chat_dialect::basic && how.status == generation::status::cancelled) {
    return append_error(out, std::nullopt, {.reason = error_reason::cancelled, .message = "the answer was stopped"});
  }
  out += R"({"type":"done")";
  if (dialect == chat_dialect::full) {
    out += owner.text();
    append_seq(out, seq);
  }
  out += fmt::format(R"(,"payload":{{"status":"{}","finish_reason":"{}",)", to_string(how.status),
                     to_string(how.reason()));
  append_usage(out, how.usage);
  if (how.cost_nano_usd) out += fmt::format(R"(,"cost_usd":{:.9f})", static_cast<double>(*how.cost_nano_usd) / 1e9);
  out += fmt::format(R"(,"attempts":{},"timing":{{"queue_ms":{},)", how.attempts, how.queue.count());
  if (how.time_to_first_token) out += fmt::format(R"("ttft_ms":{},)", how.time_to_first_token->count());
  out += fmt::format(R"("total_ms":{}}},"model":)", how.total.count());
  append_json_string(out, model);
  if (how.problem) {
    out += R"(,"error":)";
    append_problem(out, *how.problem);
  }
  out += "}}";
}

void append_error(std::string& out, const std::optional<std::string>& id, const error& problem) {
  out += R"({"type":"error")";
  append_request_id(out, id);
  out += R"(,"payload":)";
  append_problem(out, problem);
  out += '}';
}

void append_pong(std::string& out, const std::optional<std::string>& id, const json::value& payload) {
  out += R"({"type":"pong")";
  append_request_id(out, id);
  if (!payload.is_null()) {
    out += R"(,"payload":)";
    if (const json::string* const text = payload.if_string()) {
      append_json_string(out, *text);
    } else {
      out += json::serialize(payload);
    }
  }
  out += '}';
}

void append_notice(std::string& out, std::string_view kind, std::string_view name, std::int64_t value) {
  out += fmt::format(R"({{"type":"notice","payload":{{"kind":"{}","{}":{}}}}})", kind, name, value);
}

}  // namespace sluice::gateway
