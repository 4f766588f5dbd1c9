#include "gateway/faces/anthropic_request.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "door/field_reader.hpp"
#include "gateway/faces/anthropic_content.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::gateway::anthropic {
namespace {

namespace json = boost::json;
using door::field_reader;
using generation::vendor_fields_of;

constexpr std::size_t messages_max = 10'000;
constexpr std::size_t tools_max = 1024;
constexpr std::size_t stops_max = 64;

std::unexpected<error> refuse(std::string message, std::string path) {
  return failure(error_reason::invalid_argument, std::move(message), std::move(path));
}

const json::value* find(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

result<void> read_messages(const json::object& body, generation::request& asked) {
  if (const json::value* const system = find(body, "system"); system != nullptr && *system != "") {
    auto parts = parse_content(*system, "system");
    if (!parts) return std::unexpected(std::move(parts.error()));
    asked.messages.push_back({.role = generation::role::system, .parts = std::move(*parts)});
  }
  const json::value* const list = find(body, "messages");
  const json::array* const messages = list == nullptr ? nullptr : list->if_array();
  if (messages == nullptr || messages->empty()) return refuse("must be a list of at least one message", "messages");
  if (messages->size() > messages_max) {
    return failure(error_reason::too_large, fmt::format("there may be at most {} messages", messages_max), "messages");
  }
  for (std::size_t i = 0; i < messages->size(); ++i) {
    if (auto fine = append_message(asked.messages, (*messages)[i], fmt::format("messages.{}", i)); !fine) return fine;
  }
  return {};
}

result<void> read_tools(const json::object& body, generation::request& asked) {
  const json::value* const list = find(body, "tools");
  if (list == nullptr) return {};
  const json::array* const tools = list->if_array();
  if (tools == nullptr) return refuse("must be a list", "tools");
  if (tools->size() > tools_max)
    return failure(error_reason::too_large, fmt::format("there may be at most {} tools", tools_max), "tools");
  for (std::size_t i = 0; i < tools->size(); ++i) {
    const std::string path = fmt::format("tools.{}", i);
    const json::object* const item = (*tools)[i].if_object();
    if (item == nullptr) return refuse("must be an object", path);
    generation::tool tool;
    if (const json::value* const type = find(*item, "type"); type != nullptr && *type != "custom") {
      tool.vendor = *item;
      tool.dialect = "anthropic";
      asked.tools.push_back(std::move(tool));
      continue;
    }
    json::object schema;
    field_reader fields(*item, path + ".");
    fields.text("name", tool.name);
    fields.text("description", tool.description);
    fields.boolean("strict", tool.strict);
    fields.object("input_schema", schema);
    if (fields.problem()) return std::unexpected(*fields.problem());
    if (tool.name.empty()) return refuse("is missing", path + ".name");
    if (!item->contains("input_schema")) return refuse("is missing", path + ".input_schema");
    tool.parameters = std::move(schema);
    tool.extensions = vendor_fields_of(*item, {"type", "name", "description", "strict", "input_schema"});
    asked.tools.push_back(std::move(tool));
  }
  return {};
}

result<void> read_tool_choice(const json::object& body, generation::request& asked) {
  const json::value* const given = find(body, "tool_choice");
  if (given == nullptr) return {};
  const json::object* const choice = given->if_object();
  if (choice == nullptr) return refuse("must be an object", "tool_choice");
  std::string type;
  std::string name;
  std::optional<bool> one_by_one;
  field_reader fields(*choice, "tool_choice.");
  fields.text("type", type);
  fields.text("name", name);
  fields.boolean("disable_parallel_tool_use", one_by_one);
  if (fields.problem()) return std::unexpected(*fields.problem());
  using mode = generation::tool_choice_mode;
  generation::tool_choice made;
  if (type == "auto") {
    made.mode = mode::automatic;
  } else if (type == "any") {
    made.mode = mode::required;
  } else if (type == "none") {
    made.mode = mode::none;
  } else if (type == "tool" && !name.empty()) {
    made.mode = mode::named;
    made.name = std::move(name);
  } else {
    return refuse(R"(must have the "type" "auto", "any", "none", or "tool" with a "name")", "tool_choice");
  }
  asked.tool_choice = std::move(made);
  if (one_by_one) asked.parallel_tool_calls = !*one_by_one;
  return {};
}

// What other dialects can say of it; `thinking` itself stays for a provider of this one.
result<void> read_thinking(const json::object& body, generation::request& asked) {
  json::object thinking;
  json::object output;
  json::object format;
  field_reader fields(body, "");
  fields.object("thinking", thinking);
  fields.object("output_config", output);
  if (fields.problem()) return std::unexpected(*fields.problem());
  std::string type;
  field_reader within(thinking, "thinking.");
  within.text("type", type);
  within.integer("budget_tokens", asked.reasoning.budget_tokens, 1);
  field_reader of_output(output, "output_config.");
  of_output.text("effort", asked.reasoning.effort);
  of_output.object("format", format);
  for (const field_reader* one : {&within, &of_output}) {
    if (one->problem()) return std::unexpected(*one->problem());
  }
  if (type == "disabled") asked.reasoning.effort = "none";
  if (format.empty()) return {};
  const json::value* const kind = find(format, "type");
  const json::value* const schema = find(format, "schema");
  if (kind == nullptr || *kind != "json_schema" || schema == nullptr || !schema->is_object())
    return refuse(R"(must be {"type":"json_schema","schema":{…}})", "output_config.format");
  asked.response_format = generation::response_format{.kind = generation::response_format_kind::json_schema,
                                                      .name = "answer",
                                                      .description = {},
                                                      .schema = *schema,
                                                      .strict = true};
  return {};
}

result<void> read_stops(const json::object& body, generation::request& asked) {
  const json::value* const list = find(body, "stop_sequences");
  if (list == nullptr) return {};
  const json::array* const stops = list->if_array();
  if (stops == nullptr || stops->size() > stops_max)
    return refuse(fmt::format("must be a list of at most {} strings", stops_max), "stop_sequences");
  for (const json::value& stop : *stops) {
    if (!stop.is_string()) return refuse("must be a list of strings", "stop_sequences");
    asked.stop.emplace_back(stop.get_string());
  }
  return {};
}

result<generation::request> parse(const json::object& body) {
  generation::request asked;
  asked.dialect = "anthropic";
  json::object metadata;
  field_reader fields(body, "");
  fields.text("model", asked.model);
  fields.integer("max_tokens", asked.max_output_tokens, 1);
  fields.number("temperature", asked.temperature, 0, 100);
  fields.number("top_p", asked.top_p, 0, 1);
  fields.integer("top_k", asked.top_k, 0);
  fields.object("metadata", metadata);
  if (fields.problem()) return std::unexpected(*fields.problem());
  field_reader of_metadata(metadata, "metadata.");
  of_metadata.text("user_id", asked.end_user);
  if (of_metadata.problem()) return std::unexpected(*of_metadata.problem());
  if (asked.model.empty()) return refuse("is missing", "model");
  for (const auto read : {read_messages, read_tools, read_tool_choice, read_thinking, read_stops}) {
    if (auto fine = read(body, asked); !fine) return std::unexpected(std::move(fine.error()));
  }
  asked.extensions = vendor_fields_of(body, {"model", "max_tokens", "temperature", "top_p", "top_k", "metadata",
                                             "system", "messages", "tools", "tool_choice", "stop_sequences", "stream"});
  return asked;
}

}  // namespace

result<generation::request> parse_messages_request(const json::object& body) {
  auto asked = parse(body);
  if (asked && !asked->max_output_tokens) return refuse("is missing", "max_tokens");
  return asked;
}

result<generation::request> parse_count_request(const json::object& body) {
  return parse(body);
}

}  // namespace sluice::gateway::anthropic
