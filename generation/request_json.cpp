#include "generation/request_json.hpp"

#include <array>
#include <utility>

#include "generation/content_json.hpp"
#include "generation/json_fields.hpp"

namespace sluice::generation {
namespace {

constexpr std::array<std::pair<const char*, std::optional<double> request::*>, 4> fractions{{
    {"temperature", &request::temperature},
    {"top_p", &request::top_p},
    {"frequency_penalty", &request::frequency_penalty},
    {"presence_penalty", &request::presence_penalty},
}};
constexpr std::array<std::pair<const char*, std::optional<std::int64_t> request::*>, 5> integers{{
    {"top_k", &request::top_k},
    {"max_output_tokens", &request::max_output_tokens},
    {"seed", &request::seed},
    {"choices", &request::choices},
    {"top_logprobs", &request::top_logprobs},
}};
constexpr std::array<std::pair<const char*, std::optional<bool> request::*>, 2> flags{{
    {"logprobs", &request::logprobs},
    {"parallel_tool_calls", &request::parallel_tool_calls},
}};
constexpr std::array<std::pair<const char*, std::string request::*>, 3> texts{{
    {"model", &request::model},
    {"end_user", &request::end_user},
    {"dialect", &request::dialect},
}};

json::value value_of(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  return value == nullptr ? json::value() : *value;
}

std::optional<bool> set_flag_of(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  return value != nullptr && value->is_bool() ? std::optional(value->get_bool()) : std::nullopt;
}

json::array write_messages(const std::vector<message>& messages) {
  json::array list;
  for (const message& one : messages) {
    json::object written = to_json(one);
    written.emplace("role", to_string(one.role));
    list.emplace_back(std::move(written));
  }
  return list;
}

result<std::vector<message>> parse_messages(const json::value& from) {
  std::vector<message> messages;
  if (!from.is_array()) return damaged("list of messages");
  for (const json::value& one : from.get_array()) {
    if (!one.is_object()) return damaged("message");
    const json::object& written = one.get_object();
    const auto role = parse_role(text_of(written, "role"));
    if (!role) return damaged("role");
    auto parts = parse_parts(value_of(written, "parts"));
    if (!parts) return std::unexpected(std::move(parts.error()));
    messages.push_back({.role = *role,
                        .name = text_of(written, "name"),
                        .parts = std::move(*parts),
                        .extensions = object_of(written, "extensions"),
                        .provider = text_of(written, "provider")});
  }
  return messages;
}

json::array write_tools(const std::vector<tool>& tools) {
  json::array list;
  for (const tool& one : tools) {
    json::object written{{"name", one.name}};
    put(written, "description", one.description);
    put(written, "parameters", one.parameters);
    put(written, "strict", one.strict);
    put(written, "vendor", one.vendor);
    put(written, "dialect", one.dialect);
    if (!one.extensions.empty()) written.emplace("extensions", one.extensions);
    list.emplace_back(std::move(written));
  }
  return list;
}

std::vector<tool> parse_tools(const json::object& from) {
  std::vector<tool> tools;
  const json::value* const list = from.if_contains("tools");
  if (list == nullptr || !list->is_array()) return tools;
  for (const json::value& one : list->get_array()) {
    if (!one.is_object()) continue;
    const json::object& written = one.get_object();
    tools.push_back({.name = text_of(written, "name"),
                     .description = text_of(written, "description"),
                     .parameters = value_of(written, "parameters"),
                     .strict = set_flag_of(written, "strict"),
                     .vendor = value_of(written, "vendor"),
                     .dialect = text_of(written, "dialect"),
                     .extensions = object_of(written, "extensions")});
  }
  return tools;
}

json::object write_choice(const tool_choice& from) {
  json::object to{{"mode", static_cast<std::int64_t>(from.mode)}};
  put(to, "name", from.name);
  put(to, "vendor", from.vendor);
  return to;
}

json::object write_format(const response_format& from) {
  json::object to{{"kind", static_cast<std::int64_t>(from.kind)}};
  put(to, "name", from.name);
  put(to, "description", from.description);
  put(to, "schema", from.schema);
  put(to, "strict", from.strict);
  put(to, "vendor", from.vendor);
  if (!from.extensions.empty()) to.emplace("extensions", from.extensions);
  return to;
}

// The value of an enumeration that was written as its number; its last one for what is none.
template <class Enum>
Enum enumerator_of(const json::object& from, std::string_view name, Enum last) {
  const std::int64_t number = number_of(from, name);
  return number >= 0 && number < static_cast<std::int64_t>(last) ? static_cast<Enum>(number) : last;
}

}  // namespace

json::object to_json(const request& from) {
  json::object to{{"messages", write_messages(from.messages)}, {"streamed", from.streamed}};
  for (const auto& [name, field] : texts)
    put(to, name, from.*field);
  for (const auto& [name, field] : fractions) {
    if (from.*field) to.emplace(name, *(from.*field));
  }
  for (const auto& [name, field] : integers) {
    if (from.*field) to.emplace(name, *(from.*field));
  }
  for (const auto& [name, field] : flags)
    put(to, name, from.*field);
  if (!from.stop.empty()) to.emplace("stop", json::array(from.stop.begin(), from.stop.end()));
  json::object reasoning;
  put(reasoning, "effort", from.reasoning.effort);
  put(reasoning, "summary", from.reasoning.summary);
  if (from.reasoning.budget_tokens) reasoning.emplace("budget_tokens", *from.reasoning.budget_tokens);
  if (!reasoning.empty()) to.emplace("reasoning", std::move(reasoning));
  if (!from.tools.empty()) to.emplace("tools", write_tools(from.tools));
  if (from.tool_choice) to.emplace("tool_choice", write_choice(*from.tool_choice));
  if (from.response_format) to.emplace("response_format", write_format(*from.response_format));
  if (!from.metadata.empty()) to.emplace("metadata", from.metadata);
  if (!from.extensions.empty()) to.emplace("extensions", from.extensions);
  return to;
}

result<request> parse_request(std::string_view text) {
  auto parsed = parse_object(text);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  const json::object& from = *parsed;
  auto messages = parse_messages(value_of(from, "messages"));
  if (!messages) return std::unexpected(std::move(messages.error()));
  request read;
  read.messages = std::move(*messages);
  read.streamed = flag_of(from, "streamed");
  for (const auto& [name, field] : texts)
    read.*field = text_of(from, name);
  for (const auto& [name, field] : fractions) {
    if (const json::value* const value = from.if_contains(name); value != nullptr && value->is_number())
      read.*field = value->to_number<double>();
  }
  for (const auto& [name, field] : integers) {
    if (from.contains(name)) read.*field = number_of(from, name);
  }
  for (const auto& [name, field] : flags)
    read.*field = set_flag_of(from, name);
  if (const json::value* const stop = from.if_contains("stop"); stop != nullptr && stop->is_array()) {
    for (const json::value& one : stop->get_array())
      read.stop.emplace_back(one.is_string() ? std::string_view(one.get_string()) : std::string_view());
  }
  const json::object reasoning = object_of(from, "reasoning");
  read.reasoning.effort = text_of(reasoning, "effort");
  read.reasoning.summary = text_of(reasoning, "summary");
  if (reasoning.contains("budget_tokens")) read.reasoning.budget_tokens = number_of(reasoning, "budget_tokens");
  read.tools = parse_tools(from);
  if (from.contains("tool_choice")) {
    const json::object choice = object_of(from, "tool_choice");
    read.tool_choice = tool_choice{.mode = enumerator_of(choice, "mode", tool_choice_mode::vendor),
                                   .name = text_of(choice, "name"),
                                   .vendor = value_of(choice, "vendor")};
  }
  if (from.contains("response_format")) {
    const json::object format = object_of(from, "response_format");
    read.response_format = response_format{.kind = enumerator_of(format, "kind", response_format_kind::vendor),
                                           .name = text_of(format, "name"),
                                           .description = text_of(format, "description"),
                                           .schema = value_of(format, "schema"),
                                           .strict = set_flag_of(format, "strict"),
                                           .vendor = value_of(format, "vendor"),
                                           .extensions = object_of(format, "extensions")};
  }
  read.metadata = object_of(from, "metadata");
  read.extensions = object_of(from, "extensions");
  return read;
}

}  // namespace sluice::generation
