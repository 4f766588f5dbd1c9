#include "bench/llmsim/openai_chat.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include "bench/answer/answer_text.hpp"

namespace sluice::bench {

namespace {

// Any fixed time will do: answers are the same on every run.
constexpr std::int64_t created_s = 1'764'000'000;

// The text of a message: a string, or the text parts of a list.
std::string message_text(simdjson::dom::element content) {
  std::string_view text;
  if (content.get_string().get(text) == simdjson::SUCCESS) return std::string(text);
  std::string joined;
  simdjson::dom::array parts;
  if (content.get_array().get(parts) != simdjson::SUCCESS) return joined;
  for (const simdjson::dom::element part : parts)
    if (part["text"].get_string().get(text) == simdjson::SUCCESS) joined += text;
  return joined;
}

std::string last_user_message(simdjson::dom::element document) {
  simdjson::dom::array messages;
  std::string found;
  if (document["messages"].get_array().get(messages) != simdjson::SUCCESS) return found;
  for (const simdjson::dom::element message : messages) {
    std::string_view role;
    simdjson::dom::element content;
    if (message["role"].get_string().get(role) == simdjson::SUCCESS && role == "user" &&
        message["content"].get(content) == simdjson::SUCCESS)
      found = message_text(content);
  }
  return found;
}

std::string usage_json(const token_usage& usage) {
  return fmt::format(
      R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":0}},)"
      R"("completion_tokens_details":{{"reasoning_tokens":{}}}}})",
      usage.input, usage.output, usage.input + usage.output, usage.reasoning);
}

std::string quoted(std::string_view text, bool ascii) {
  std::string json = "\"";
  append_json_escaped(json, text, ascii);
  return json += '"';
}

}  // namespace

std::expected<chat_request, std::string> read_openai_chat(std::string_view body, const scenario& defaults) {
  static thread_local simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (const auto error = parser.parse(body.data(), body.size()).get(document); error != simdjson::SUCCESS)
    return std::unexpected(std::string("the body is not JSON: ") + simdjson::error_message(error));
  chat_request request{.plan = defaults};
  std::string_view model;
  if (document["model"].get_string().get(model) != simdjson::SUCCESS)
    return std::unexpected(std::string("\"model\" is missing"));
  request.model = model;
  (void)document["stream"].get_bool().get(request.stream);
  (void)document["stream_options"]["include_usage"].get_bool().get(request.include_usage);
  request.user_message = last_user_message(document);
  if (const std::size_t colon = model.find(':'); colon != std::string_view::npos && model.find('=') > colon)
    if (auto applied = request.plan.apply(model.substr(colon + 1)); !applied)
      return std::unexpected("in the model's name: " + applied.error());
  return request;
}

std::string openai_error_body(int status, std::string_view message) {
  const std::string_view type = status == 429   ? "rate_limit_exceeded"
                                : status == 401 ? "invalid_api_key"
                                : status >= 500 ? "server_error"
                                                : "invalid_request_error";
  return fmt::format(R"({{"error":{{"message":{},"type":"{}","param":null,"code":"{}"}}}})", quoted(message, false),
                     type,
                     status == 429   ? "rate_limit_exceeded"
                     : status == 401 ? "invalid_api_key"
                                     : "simulated");
}

openai_chat::openai_chat(const chat_request& request)
    : escape_(request.plan.escape),
      include_usage_(request.include_usage && request.plan.usage),
      tell_usage_(request.plan.usage) {
  identity_ = fmt::format(R"("id":"chatcmpl-sim{}","created":{},"model":{},"system_fingerprint":"fp_sim")",
                          request.number, created_s, quoted(request.model, escape_));
  chunk_begin_ =
      fmt::format(R"(data: {{"object":"chat.completion.chunk",{},"choices":[{{"index":0,"delta":{{)", identity_);
  chunk_end_ = R"(},"logprobs":null,"finish_reason":null}])";
  chunk_end_ += include_usage_ ? ",\"usage\":null}\n\n" : "}\n\n";
}

void openai_chat::delta(std::string& to, std::string_view field, std::string_view value) {
  to += chunk_begin_;
  to += '"';
  to += field;
  to += "\":\"";
  append_json_escaped(to, value, escape_);
  to += '"';
  to += chunk_end_;
}

void openai_chat::begin(std::string& to) {
  to += chunk_begin_;
  to += R"("role":"assistant","content":"","refusal":null)";
  to += chunk_end_;
}

void openai_chat::text(std::string& to, std::string_view token) {
  delta(to, "content", token);
}
void openai_chat::reasoning(std::string& to, std::string_view token) {
  delta(to, "reasoning_content", token);
}

void openai_chat::tool_call_begin(std::string& to, const tool_call& call) {
  to += chunk_begin_;
  to += fmt::format(
      R"("tool_calls":[{{"index":{},"id":"{}","type":"function","function":{{"name":"{}","arguments":""}}}}])",
      call.index, call.id, call.name);
  to += chunk_end_;
}

void openai_chat::tool_call_arguments(std::string& to, const tool_call& call, std::string_view fragment) {
  to += chunk_begin_;
  to += fmt::format(R"("tool_calls":[{{"index":{},"function":{{"arguments":{}}}}}])", call.index,
                    quoted(fragment, escape_));
  to += chunk_end_;
}

void openai_chat::finish(std::string& to, std::string_view reason, const token_usage& usage) {
  to +=
      fmt::format(R"(data: {{"object":"chat.completion.chunk",{},"choices":[{{"index":0,"delta":{{}},"logprobs":null,)"
                  R"("finish_reason":{}}}]{}}})"
                  "\n\n",
                  identity_, quoted(reason, escape_), include_usage_ ? ",\"usage\":null" : "");
  if (include_usage_)
    to += fmt::format("data: {{\"object\":\"chat.completion.chunk\",{},\"choices\":[],\"usage\":{}}}\n\n", identity_,
                      usage_json(usage));
}

void openai_chat::done(std::string& to) {
  to += "data: [DONE]\n\n";
}

void openai_chat::error_event(std::string& to) {
  to += "data: " + openai_error_body(500, "The simulated provider failed in mid-stream") + "\n\n";
}

std::string openai_chat::whole(const whole_answer& answer) {
  std::string calls;
  for (const tool_call& call : answer.tool_calls)
    calls += fmt::format(R"({}{{"id":"{}","type":"function","function":{{"name":"{}","arguments":{}}}}})",
                         calls.empty() ? "" : ",", call.id, call.name, quoted(call.arguments, escape_));
  return fmt::format(
      R"({{"object":"chat.completion",{},"choices":[{{"index":0,"message":{{"role":"assistant","content":{}{},)"
      R"("refusal":null{}}},"logprobs":null,"finish_reason":{}}}]{}}})",
      identity_, quoted(answer.text, escape_),
      answer.reasoning.empty() ? "" : ",\"reasoning_content\":" + quoted(answer.reasoning, escape_),
      calls.empty() ? "" : ",\"tool_calls\":[" + calls + "]", quoted(answer.finish_reason, escape_),
      tell_usage_ ? ",\"usage\":" + usage_json(answer.usage) : "");
}

}  // namespace sluice::bench
