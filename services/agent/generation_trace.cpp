#include "agent/generation_trace.hpp"

#include <fmt/format.h>

#include "agent/stored_answer.hpp"
#include "base/json_text.hpp"
#include "telemetry/names.hpp"

namespace sluice::agent {
namespace {

namespace names = telemetry::names;
using telemetry::span;
using telemetry::span_kind;

// One message as the conventions have it; of its parts only text, which is what people look for.
void append_message(std::string& out, std::string_view role, const generation::message& said) {
  out += R"({"role":)";
  append_json_string(out, role);
  out += R"(,"parts":[)";
  bool first = true;
  for (const generation::content_part& part : said.parts) {
    const auto* const text = std::get_if<generation::text_part>(&part.what);
    if (text == nullptr) continue;
    if (!std::exchange(first, false)) out += ',';
    out += R"({"type":"text","content":)";
    append_json_string(out, text->text);
    out += '}';
  }
  out += "]}";
}

std::string input_of(const generation::request& asked) {
  std::string out = "[";
  for (const generation::message& each : asked.messages) {
    if (out.size() > 1) out += ',';
    append_message(out, to_string(each.role), each);
  }
  return out += ']';
}

std::string output_of(const generation::log& answer) {
  std::string out = "[";
  append_message(out, "assistant", read_answer(answer));
  return out += ']';
}

void describe_request(span& attempt, const generation::request& asked) {
  attempt.set({names::gen_ai_request_stream, asked.streamed});
  if (asked.max_output_tokens) attempt.set({names::gen_ai_request_max_tokens, *asked.max_output_tokens});
  if (asked.temperature) attempt.set({names::gen_ai_request_temperature, *asked.temperature});
  if (asked.top_p) attempt.set({names::gen_ai_request_top_p, *asked.top_p});
  if (asked.seed) attempt.set({names::gen_ai_request_seed, *asked.seed});
  if (asked.choices) attempt.set({names::gen_ai_request_choices, *asked.choices});
  if (!asked.stop.empty()) attempt.set(names::gen_ai_request_stop, asked.stop);
}

void describe_usage(span& attempt, const generation::usage& used) {
  attempt.set({names::gen_ai_input_tokens, used.input_tokens});
  attempt.set({names::gen_ai_output_tokens, used.output_tokens});
  if (used.cached_tokens != 0) attempt.set({names::gen_ai_cached_tokens, used.cached_tokens});
  if (used.reasoning_tokens != 0) attempt.set({names::gen_ai_reasoning_tokens, used.reasoning_tokens});
}

// A cancel is nobody's failure, but whoever looks for it finds it.
void describe_outcome(span& of, const generation::finish& how) {
  if (how.problem) of.fail(*how.problem);
  if (how.status == generation::status::cancelled) of.set({names::error_type, to_string(error_reason::cancelled)});
}

}  // namespace

span begin_generation_span(const telemetry::tracer& from, const start_request& asked, const live_generation& begun) {
  span made = from.start(names::span_generation, span_kind::internal, asked.trace);
  if (!made.is_recording()) return made;
  made.set_name(fmt::format("{} {}", names::span_generation, begun.about.model));
  made.set({names::span_generation_id, begun.about.generation_id});
  made.set({names::span_provider, begun.about.provider});
  made.set({names::gen_ai_request_model, begun.about.model});
  if (!begun.request_id.empty()) made.set({names::span_request_id, begun.request_id});
  return made;
}

span begin_attempt_span(const telemetry::tracer& from, const live_generation& of, const generation::request& asked,
                        const provider& to, const std::string& model, std::uint32_t number) {
  constexpr std::string_view operation = "chat";
  span made = from.start(operation, span_kind::client, of.trace.context());
  if (!made.is_recording()) return made;
  made.set_name(fmt::format("{} {}", operation, model));
  made.set({names::gen_ai_operation, operation});
  made.set({names::gen_ai_provider, to.kind()});
  made.set({names::gen_ai_request_model, model});
  made.set({names::span_provider, to.name()});
  made.set({names::span_attempt, number});
  if (!of.about.conversation_id.empty()) made.set({names::gen_ai_conversation, of.about.conversation_id});
  describe_request(made, asked);
  if (from.shows().content) made.set({names::gen_ai_input, input_of(asked)});
  return made;
}

void end_attempt_span(span& attempt, const generation::finish& how, const generation::log& answer, bool shows_content) {
  if (!attempt.is_recording()) return;
  if (!how.response_id.empty()) attempt.set({names::gen_ai_response_id, how.response_id});
  if (!how.provider_model.empty()) attempt.set({names::gen_ai_response_model, how.provider_model});
  std::vector<std::string> reasons;
  for (const generation::choice_finish& choice : how.choices)
    reasons.emplace_back(choice.provider_reason.empty() ? to_string(choice.reason) : choice.provider_reason);
  if (!reasons.empty()) attempt.set(names::gen_ai_finish_reasons, std::move(reasons));
  if (how.time_to_first_token) {
    attempt.set({names::gen_ai_first_chunk, std::chrono::duration<double>(*how.time_to_first_token).count()});
  }
  describe_usage(attempt, how.usage);
  if (shows_content) attempt.set({names::gen_ai_output, output_of(answer)});
  if (how.status == generation::status::cancelled) attempt.add_event(names::event_cancel);
  describe_outcome(attempt, how);
  attempt.end();
}

void end_generation_span(span& generation, const generation::finish& how, const generation::log& answer) {
  if (!generation.is_recording()) return;
  generation.set({names::span_status, to_string(how.status)});
  generation.set({names::span_deltas, answer.published()});
  describe_outcome(generation, how);
  generation.end();
}

}  // namespace sluice::agent
