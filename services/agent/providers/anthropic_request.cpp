#include "agent/providers/anthropic_request.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "agent/providers/anthropic_messages.hpp"

namespace sluice::agent {
namespace {

namespace json = boost::json;
using generation::request;

std::unexpected<error> refuse(std::string_view what, std::string param) {
  return failure(error_reason::invalid_argument, fmt::format("an Anthropic provider {}; leave it out", what),
                 std::move(param));
}

result<void> check_what_cannot_be_said(const request& asked) {
  if (asked.choices.value_or(1) > 1) return refuse("gives one answer at a time", "n");
  if (asked.logprobs.value_or(false) || asked.top_logprobs) return refuse("tells no logprobs", "logprobs");
  if (!asked.response_format) return {};
  using kind = generation::response_format_kind;
  if (asked.response_format->kind == kind::json_object)
    return failure(error_reason::invalid_argument, "an Anthropic provider needs a schema to answer in JSON",
                   "response_format");
  if (asked.response_format->kind == kind::vendor)
    return refuse("cannot be told this response_format", "response_format");
  return {};
}

result<void> write_tools(json::object& body, const request& asked) {
  if (asked.tools.empty()) return {};
  json::array tools;
  for (std::size_t at = 0; at < asked.tools.size(); ++at) {
    const generation::tool& tool = asked.tools[at];
    if (!tool.vendor.is_null()) {
      if (tool.dialect != anthropic_dialect)
        return refuse("does not know this tool of another provider", fmt::format("tools[{}]", at));
      tools.push_back(tool.vendor);
      continue;
    }
    json::object made{{"name", tool.name}};
    if (!tool.description.empty()) made["description"] = tool.description;
    made["input_schema"] = tool.parameters.is_object()
                               ? tool.parameters
                               : json::value({{"type", "object"}, {"properties", json::object()}});
    if (tool.strict) made["strict"] = *tool.strict;
    if (asked.dialect == anthropic_dialect) {
      for (const auto& [name, value] : tool.extensions)
        made.emplace(name, value);
    }
    tools.push_back(std::move(made));
  }
  body["tools"] = std::move(tools);
  return {};
}

result<void> write_tool_choice(json::object& body, const request& asked) {
  const bool one_by_one = asked.parallel_tool_calls && !*asked.parallel_tool_calls;
  if (!asked.tool_choice && (!one_by_one || asked.tools.empty())) return {};
  json::object made;
  switch (asked.tool_choice ? asked.tool_choice->mode : generation::tool_choice_mode::automatic) {
    case generation::tool_choice_mode::automatic:
      made["type"] = "auto";
      break;
    case generation::tool_choice_mode::none:
      made["type"] = "none";
      break;
    case generation::tool_choice_mode::required:
      made["type"] = "any";
      break;
    case generation::tool_choice_mode::named:
      made = {{"type", "tool"}, {"name", asked.tool_choice->name}};
      break;
    case generation::tool_choice_mode::vendor:
      return refuse("cannot be told this tool_choice", "tool_choice");
  }
  if (one_by_one && made["type"] != "none") made["disable_parallel_tool_use"] = true;
  body["tool_choice"] = std::move(made);
  return {};
}

void write_reasoning(json::object& body, const request& asked) {
  json::object output;
  if (asked.reasoning.budget_tokens) {
    body["thinking"] = {{"type", "enabled"}, {"budget_tokens", *asked.reasoning.budget_tokens}};
  } else if (asked.reasoning.effort == "none") {
    body["thinking"] = {{"type", "disabled"}};
  } else if (!asked.reasoning.effort.empty()) {
    output["effort"] = asked.reasoning.effort == "minimal" ? "low" : std::string_view(asked.reasoning.effort);
  }
  if (asked.response_format && asked.response_format->kind == generation::response_format_kind::json_schema)
    output["format"] = {{"type", "json_schema"}, {"schema", asked.response_format->schema}};
  if (!output.empty()) body["output_config"] = std::move(output);
}

void write_sampling(json::object& body, const request& asked) {
  if (asked.temperature) body["temperature"] = *asked.temperature;
  if (asked.top_p) body["top_p"] = *asked.top_p;
  if (asked.top_k) body["top_k"] = *asked.top_k;
  json::array stops;
  for (const std::string& stop : asked.stop) {
    if (stop.find_first_not_of(" \t\r\n") != std::string::npos) stops.emplace_back(stop);
  }
  if (!stops.empty()) body["stop_sequences"] = std::move(stops);
}

// Thinking counts as output: where only its budget is said, the answer has its usual length behind it.
std::int64_t limit_of(const request& asked) {
  return asked.max_output_tokens.value_or(anthropic_max_tokens + asked.reasoning.budget_tokens.value_or(0));
}

result<json::object> make_body(const request& asked, std::string_view model) {
  if (auto fine = check_what_cannot_be_said(asked); !fine) return std::unexpected(std::move(fine.error()));
  auto said = make_anthropic_messages(asked);
  if (!said) return std::unexpected(std::move(said.error()));
  json::object body{{"model", model}, {"max_tokens", limit_of(asked)}, {"stream", asked.streamed}};
  if (!said->system.empty()) body["system"] = std::move(said->system);
  body["messages"] = std::move(said->messages);
  write_sampling(body, asked);
  for (const auto write : {write_tools, write_tool_choice}) {
    if (auto fine = write(body, asked); !fine) return std::unexpected(std::move(fine.error()));
  }
  write_reasoning(body, asked);
  if (!asked.end_user.empty()) body["metadata"] = {{"user_id", asked.end_user}};
  if (asked.dialect == anthropic_dialect) {
    for (const auto& [name, value] : asked.extensions) {
      const bool counts_before = name == "thinking" || name == "output_config";
      if (counts_before || !body.contains(name)) body[name] = value;
    }
  }
  return body;
}

}  // namespace

result<std::string> make_anthropic_body(const request& asked, std::string_view model) {
  const auto body = make_body(asked, model);
  return body ? result<std::string>(json::serialize(*body)) : std::unexpected(body.error());
}

result<std::string> make_anthropic_count_body(const request& asked, std::string_view model) {
  const auto body = make_body(asked, model);
  if (!body) return std::unexpected(body.error());
  // It refuses whatever else there is.
  json::object made;
  for (const char* const name : {"model", "messages", "system", "tools", "tool_choice", "thinking", "output_config",
                                 "mcp_servers", "context_management"}) {
    if (const json::value* const value = body->if_contains(name)) made[name] = *value;
  }
  return json::serialize(made);
}

}  // namespace sluice::agent
