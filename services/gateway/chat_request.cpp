#include "gateway/chat_request.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/json_text.hpp"
#include "base/utf8.hpp"
#include "door/field_reader.hpp"
#include "gateway/chat_message.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::gateway {

using namespace door;

namespace {

namespace json = boost::json;

constexpr std::size_t messages_max = 10'000;
constexpr std::size_t tools_max = 1024;
constexpr std::size_t stops_max = 64;
constexpr std::size_t key_characters_min = 16;
constexpr std::size_t key_characters_max = 128;

result<std::vector<generation::message>> parse_messages(const json::value& list) {
  const json::array* const items = list.if_array();
  if (items == nullptr || items->empty()) {
    return failure(error_reason::invalid_argument, "\"messages\" must be a list of at least one message", "messages");
  }
  if (items->size() > messages_max) {
    return failure(error_reason::too_large,
                   fmt::format("\"messages\" has {} messages; at most {} are taken", items->size(), messages_max),
                   "messages");
  }
  std::vector<generation::message> messages;
  messages.reserve(items->size());
  for (std::size_t i = 0; i < items->size(); ++i) {
    result<generation::message> one = parse_message((*items)[i], fmt::format("messages[{}]", i));
    if (!one) return std::unexpected(std::move(one.error()));
    messages.push_back(std::move(*one));
  }
  return messages;
}

result<std::vector<generation::tool>> parse_tools(const json::value& list) {
  const json::array* const items = list.if_array();
  if (items == nullptr) return failure(error_reason::invalid_argument, "\"tools\" must be a list", "tools");
  if (items->size() > tools_max)
    return failure(error_reason::too_large, fmt::format("at most {} tools are taken", tools_max), "tools");
  std::vector<generation::tool> tools;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const std::string path = fmt::format("tools[{}]", i);
    const json::object* const item = (*items)[i].if_object();
    if (item == nullptr) return failure(error_reason::invalid_argument, "a tool must be an object", path);
    generation::tool tool;
    const json::value* const type = item->if_contains("type");
    if (type == nullptr || *type != "function") {
      tool.vendor = *item;
      tool.dialect = "openai";
      tools.push_back(std::move(tool));
      continue;
    }
    const json::value* const function = item->if_contains("function");
    if (function == nullptr || !function->is_object()) {
      return failure(error_reason::invalid_argument, "a tool of type \"function\" needs an object \"function\"",
                     path + ".function");
    }
    field_reader fields(function->get_object(), path + ".function.");
    fields.text("name", tool.name);
    fields.text("description", tool.description);
    fields.boolean("strict", tool.strict);
    if (fields.problem()) return std::unexpected(*fields.problem());
    if (tool.name.empty())
      return failure(error_reason::invalid_argument, "a function needs a name", path + ".function.name");
    if (const json::value* const parameters = function->get_object().if_contains("parameters"))
      tool.parameters = *parameters;
    tool.extensions = generation::vendor_fields_of(*item, {"type", "function"});
    generation::add_vendor_fields(tool.extensions, "function", function->get_object(),
                                  {"name", "description", "strict", "parameters"});
    tools.push_back(std::move(tool));
  }
  return tools;
}

result<generation::tool_choice> parse_tool_choice(const json::value& value) {
  using mode = generation::tool_choice_mode;
  if (const json::string* const word = value.if_string()) {
    if (*word == "auto") return generation::tool_choice{.mode = mode::automatic};
    if (*word == "none") return generation::tool_choice{.mode = mode::none};
    if (*word == "required") return generation::tool_choice{.mode = mode::required};
  } else if (const json::object* const choice = value.if_object()) {
    const json::value* const function = choice->if_contains("function");
    const json::value* const name =
        function != nullptr && function->is_object() ? function->get_object().if_contains("name") : nullptr;
    if (name != nullptr && name->is_string())
      return generation::tool_choice{.mode = mode::named, .name = std::string(name->get_string())};
    return generation::tool_choice{.mode = mode::vendor, .vendor = value};
  }
  return failure(error_reason::invalid_argument,
                 R"("tool_choice" must be "auto", "none", "required" or name a function)", "tool_choice");
}

result<generation::response_format> parse_response_format(const json::value& value) {
  const json::object* const format = value.if_object();
  const json::value* const type = format == nullptr ? nullptr : format->if_contains("type");
  using kind = generation::response_format_kind;
  if (type == nullptr || !type->is_string()) {
    return failure(error_reason::invalid_argument,
                   R"("response_format" must be an object with a "type": "text", "json_object", "json_schema" or one )"
                   "that the provider knows",
                   "response_format");
  }
  generation::response_format parsed;
  if (*type == "text" || *type == "json_object") {
    parsed.kind = *type == "text" ? kind::text : kind::json_object;
    parsed.extensions = generation::vendor_fields_of(*format, {"type"});
    return parsed;
  }
  if (*type != "json_schema") {
    parsed.kind = kind::vendor;
    parsed.vendor = value;
    return parsed;
  }
  const json::value* const described = format->if_contains("json_schema");
  if (described == nullptr || !described->is_object()) {
    return failure(error_reason::invalid_argument,
                   R"("response_format" must be {"type":"json_schema","json_schema":{…}})",
                   "response_format.json_schema");
  }
  parsed.kind = kind::json_schema;
  parsed.extensions = generation::vendor_fields_of(*format, {"type", "json_schema"});
  generation::add_vendor_fields(parsed.extensions, "json_schema", described->get_object(),
                                {"name", "description", "strict", "schema"});
  field_reader fields(described->get_object(), "response_format.json_schema.");
  fields.text("name", parsed.name);
  fields.text("description", parsed.description);
  fields.boolean("strict", parsed.strict);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (const json::value* const schema = described->get_object().if_contains("schema")) parsed.schema = *schema;
  return parsed;
}

result<std::vector<std::string>> parse_stop(const json::value& value) {
  const auto wrong = [] {
    return failure(error_reason::invalid_argument,
                   fmt::format("\"stop\" must be a string or a list of at most {} strings", stops_max), "stop");
  };
  if (value.is_string()) return std::vector{std::string(value.get_string())};
  const json::array* const items = value.if_array();
  if (items == nullptr || items->size() > stops_max) return wrong();
  std::vector<std::string> stops;
  for (const json::value& item : *items) {
    if (!item.is_string()) return wrong();
    stops.emplace_back(item.get_string());
  }
  return stops;
}

// Takes `name` out of `body` and parses it into `into`, if it is there and not null.
template <class T, class Parse>
std::optional<error> take(json::object& body, std::string_view name, T& into, Parse parse) {
  const auto field = body.find(name);
  if (field == body.end()) return std::nullopt;
  std::optional<error> problem;
  if (!field->value().is_null()) {
    auto parsed = parse(field->value());
    if (parsed) {
      into = std::move(*parsed);
    } else {
      problem = std::move(parsed.error());
    }
  }
  body.erase(field);
  return problem;
}

// The settings that both dialects write alike; each is taken out of `body`.
std::optional<error> take_settings(json::object& body, generation::request& asked) {
  field_reader fields(body, "");
  fields.text("model", asked.model);
  fields.number("temperature", asked.temperature, 0, 100);
  fields.number("top_p", asked.top_p, 0, 1);
  fields.integer("seed", asked.seed);
  fields.text("reasoning_effort", asked.reasoning.effort);
  fields.object("metadata", asked.metadata);
  if (fields.problem()) return fields.problem();
  for (const char* name : {"model", "temperature", "top_p", "seed", "reasoning_effort", "metadata"})
    body.erase(name);
  if (auto problem = take(body, "stop", asked.stop, parse_stop)) return problem;
  if (auto problem = take(body, "tools", asked.tools, parse_tools)) return problem;
  if (auto problem = take(body, "tool_choice", asked.tool_choice, parse_tool_choice)) return problem;
  if (auto problem = take(body, "response_format", asked.response_format, parse_response_format)) return problem;
  return take(body, "messages", asked.messages, parse_messages);
}

std::optional<error> check_unknown(const json::object& rest) {
  if (rest.empty()) return std::nullopt;
  const std::string name(rest.begin()->key());
  return error{.reason = error_reason::invalid_argument,
               .message = fmt::format("a chat has no field \"{}\"", clip(name, 64)),
               .param = std::string(clip(name, 64))};
}

// Appends `from` so that objects with the same fields, in whatever order, are the same text. Its depth was bounded when
// it was read.
void append_canonical(std::string& out, const json::value& from) {
  if (const json::object* const object = from.if_object()) {
    std::vector<const json::key_value_pair*> fields;
    for (const json::key_value_pair& field : *object)
      fields.push_back(&field);
    std::ranges::sort(fields, {}, [](const json::key_value_pair* field) { return std::string_view(field->key()); });
    out.push_back('{');
    for (const json::key_value_pair* field : fields) {
      append_json_string(out, field->key());
      out.push_back(':');
      append_canonical(out, field->value());
      out.push_back(',');
    }
    out.push_back('}');
  } else if (const json::array* const array = from.if_array()) {
    out.push_back('[');
    for (const json::value& item : *array) {
      append_canonical(out, item);
      out.push_back(',');
    }
    out.push_back(']');
  } else {
    out += json::serialize(from);
  }
}

// Takes the client's key out; what is left is what the key stands for.
std::optional<error> take_key(json::object& payload, std::optional<agent::request_key>& into) {
  std::string value;
  field_reader fields(payload, "");
  fields.text("idempotency_key", value);
  if (fields.problem()) return fields.problem();
  const json::value* const given = payload.if_contains("idempotency_key");
  const bool has_key = given != nullptr && !given->is_null();
  payload.erase("idempotency_key");
  if (!has_key) return std::nullopt;
  const bool is_visible = std::ranges::all_of(value, [](char c) { return c > ' ' && c < 0x7F; });
  if (value.size() < key_characters_min || value.size() > key_characters_max || !is_visible) {
    return error{.reason = error_reason::invalid_argument,
                 .message = fmt::format("\"idempotency_key\" must be {} to {} visible ASCII characters that nobody can "
                                        "guess",
                                        key_characters_min, key_characters_max),
                 .param = "idempotency_key"};
  }
  std::string canonical;
  append_canonical(canonical, payload);
  into = agent::request_key{.value = std::move(value), .digest = sha256_hex(canonical)};
  return std::nullopt;
}

}  // namespace

result<generation::request> parse_openai_chat(json::object body) {
  generation::request asked;
  asked.dialect = "openai";
  body = generation::vendor_fields_of(body, {});  // a field that is null is as if it were not there
  for (const char* name : {"functions", "function_call"}) {
    if (body.contains(name)) {
      return failure(error_reason::invalid_argument,
                     fmt::format("\"{}\" is what OpenAI had before tools; use \"tools\" and \"tool_choice\"", name),
                     name);
    }
  }
  if (auto problem = take_settings(body, asked)) return std::unexpected(std::move(*problem));
  if (asked.messages.empty())
    return failure(error_reason::invalid_argument, "\"messages\" must be a list of at least one message", "messages");
  field_reader fields(body, "");
  std::optional<std::int64_t> max_tokens;
  fields.integer("max_completion_tokens", asked.max_output_tokens, 1);
  fields.integer("max_tokens", max_tokens, 1);
  fields.number("frequency_penalty", asked.frequency_penalty, -100, 100);
  fields.number("presence_penalty", asked.presence_penalty, -100, 100);
  fields.integer("n", asked.choices, 1, 128);
  fields.boolean("logprobs", asked.logprobs);
  fields.integer("top_logprobs", asked.top_logprobs, 0, 1000);
  fields.boolean("parallel_tool_calls", asked.parallel_tool_calls);
  fields.text("user", asked.end_user);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (asked.max_output_tokens) body.erase("max_tokens");  // of the two names the newer one counts
  if (!asked.max_output_tokens) asked.max_output_tokens = max_tokens;
  for (const char* name : {"max_completion_tokens", "frequency_penalty", "presence_penalty", "n", "logprobs",
                           "top_logprobs", "parallel_tool_calls", "user", "stream", "stream_options"}) {
    body.erase(name);
  }
  // `max_tokens` stays: a provider that speaks this dialect is told the limit by the name that the client used.
  asked.extensions = std::move(body);
  return asked;
}

result<chat_payload> parse_chat_payload(json::object payload) {
  chat_payload chat;
  generation::request& asked = chat.request;
  asked.dialect = "sluice";
  if (auto problem = take_key(payload, chat.key)) return std::unexpected(std::move(*problem));
  if (auto problem = take_settings(payload, asked)) return std::unexpected(std::move(*problem));
  field_reader fields(payload, "");
  fields.integer("max_tokens", asked.max_output_tokens, 1);
  fields.text("conversation_id", chat.conversation_id);
  fields.text("system", chat.system);
  fields.text("parent_id", chat.parent_id);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (const auto parent = payload.find("parent_id"); parent != payload.end() && parent->value().is_null())
    chat.parent_id = "";
  for (const char* name : {"max_tokens", "conversation_id", "system", "parent_id"})
    payload.erase(name);
  if (chat.conversation_id.empty() && chat.parent_id && !chat.parent_id->empty()) {
    return failure(error_reason::invalid_argument, "a parent_id needs the conversation_id that it belongs to",
                   "parent_id");
  }

  if (const auto content = payload.find("content"); content != payload.end() && !content->value().is_null()) {
    if (!asked.messages.empty())
      return failure(error_reason::invalid_argument, "give \"content\" or \"messages\", not both", "content");
    generation::message said{.role = generation::role::user};
    auto parts = parse_content(content->value(), "content");
    if (!parts) return std::unexpected(std::move(parts.error()));
    said.parts = std::move(*parts);
    asked.messages.push_back(std::move(said));
  }
  payload.erase("content");
  if (asked.messages.empty())
    return failure(error_reason::invalid_argument, "a chat needs \"content\": what do you want to say?", "content");
  if (auto problem = check_unknown(payload)) return std::unexpected(std::move(*problem));
  if (chat.conversation_id.empty() && chat.system && !chat.system->empty()) {
    asked.messages.insert(asked.messages.begin(), {.role = generation::role::system,
                                                   .parts = {{generation::text_part{std::move(*chat.system)}}}});
    chat.system.reset();
  }
  return chat;
}

}  // namespace sluice::gateway
