#include "agent/providers/gemini_request.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "agent/providers/gemini_messages.hpp"

namespace sluice::agent {
namespace {

namespace json = boost::json;
using generation::request;

std::unexpected<error> refuse(std::string_view what, std::string param) {
  return failure(error_reason::invalid_argument, fmt::format("a Gemini provider {}; leave it out", what),
                 std::move(param));
}

// A name as one segment of a path: what is not unreserved is escaped (RFC 3986, section 2.3).
void append_segment(std::string& path, std::string_view name) {
  for (const char c : name) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_letter || (c >= '0' && c <= '9') || std::string_view("-._~").contains(c)) {
      path.push_back(c);
    } else {
      path += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

// "models/x", escaped; a model may name its collection itself.
std::string escaped_name(std::string_view model) {
  std::string name;
  const std::size_t slash = model.find('/');
  const bool has_collection = slash != std::string_view::npos && model.substr(0, slash).ends_with("odels");
  append_segment(name, has_collection ? model.substr(0, slash) : "models");
  name.push_back('/');
  append_segment(name, has_collection ? model.substr(slash + 1) : model);
  return name;
}

void put(json::object& to, std::string_view name, const std::optional<double>& number) {
  if (number && std::isfinite(*number)) to[name] = *number;  // JSON has no other numbers
}

void put(json::object& to, std::string_view name, const std::optional<std::int64_t>& number) {
  if (number) to[name] = *number;
}

json::object declaration_of(const generation::tool& tool, bool own) {
  json::object made{{"name", tool.name}};
  if (!tool.description.empty()) made["description"] = tool.description;
  // A client of Gemini's may have described them in its own kind of schema; there may be only one.
  const bool has_own_schema = own && tool.extensions.contains("parameters");
  if (tool.parameters.is_object() && !has_own_schema) made["parametersJsonSchema"] = tool.parameters;
  if (own) {
    for (const auto& [name, value] : tool.extensions)
      made.emplace(name, value);
  }
  return made;
}

// All functions are one tool; each of Google's own is one beside it.
result<void> write_tools(json::object& body, const request& asked) {
  json::array functions;
  json::array tools;
  for (std::size_t at = 0; at < asked.tools.size(); ++at) {
    const generation::tool& tool = asked.tools[at];
    if (tool.vendor.is_null()) {
      functions.push_back(declaration_of(tool, asked.dialect == gemini_dialect));
    } else if (tool.dialect == gemini_dialect) {
      tools.push_back(tool.vendor);
    } else {
      return refuse("does not know this tool of another provider", fmt::format("tools[{}]", at));
    }
  }
  if (!functions.empty()) tools.insert(tools.begin(), json::object{{"functionDeclarations", std::move(functions)}});
  if (!tools.empty()) body["tools"] = std::move(tools);
  return {};
}

result<void> write_tool_choice(json::object& body, const request& asked) {
  if (!asked.tools.empty() && asked.parallel_tool_calls && !*asked.parallel_tool_calls)
    return refuse("cannot be kept from calling tools in parallel", "parallel_tool_calls");
  if (!asked.tool_choice) return {};
  json::object made;
  switch (asked.tool_choice->mode) {
    case generation::tool_choice_mode::automatic:
      made["mode"] = "AUTO";
      break;
    case generation::tool_choice_mode::none:
      made["mode"] = "NONE";
      break;
    case generation::tool_choice_mode::required:
      made["mode"] = "ANY";
      break;
    case generation::tool_choice_mode::named:
      made = {{"mode", "ANY"}, {"allowedFunctionNames", json::array{asked.tool_choice->name}}};
      break;
    case generation::tool_choice_mode::vendor:
      return refuse("cannot be told this tool_choice", "tool_choice");
  }
  body["toolConfig"] = {{"functionCallingConfig", std::move(made)}};
  return {};
}

result<void> write_effort(json::object& thinking, std::string_view effort, std::string_view model) {
  // From Google's page on OpenAI compatibility.
  struct step {
    std::string_view word;
    std::string_view level;
    std::int64_t budget;
  };
  constexpr std::array<step, 6> steps{{{"minimal", "MINIMAL", 1024},
                                       {"low", "LOW", 1024},
                                       {"medium", "MEDIUM", 8192},
                                       {"high", "HIGH", 24'576},
                                       {"xhigh", "HIGH", 24'576},
                                       {"max", "HIGH", 24'576}}};
  const auto* const known = std::ranges::find(steps, effort, &step::word);
  if (known == steps.end()) return refuse(fmt::format("knows no effort \"{}\"", effort), "reasoning_effort");
  if (is_gemini_3_or_later(model)) {
    thinking["thinkingLevel"] = known->level;
  } else {
    thinking["thinkingBudget"] = known->budget;
  }
  return {};
}

result<void> write_thinking(json::object& config, const request& asked, std::string_view model) {
  const generation::reasoning_settings& told = asked.reasoning;
  json::object thinking;
  if (told.budget_tokens) {
    thinking["thinkingBudget"] = *told.budget_tokens;
  } else if (told.effort == "none") {
    thinking["thinkingBudget"] = 0;
  } else if (!told.effort.empty()) {
    if (auto fine = write_effort(thinking, told.effort, model); !fine) return fine;
  }
  const json::value* const budget = thinking.if_contains("thinkingBudget");
  const bool is_off = budget != nullptr && *budget == 0;
  const bool thinks = thinking.empty() ? !told.summary.empty() : !is_off;
  if (thinks) thinking["includeThoughts"] = true;
  if (!thinking.empty()) config["thinkingConfig"] = std::move(thinking);
  return {};
}

bool has_own_schema(const request& asked) {
  const json::value* const config =
      asked.dialect == gemini_dialect ? asked.extensions.if_contains("generationConfig") : nullptr;
  return config != nullptr && config->is_object() && config->get_object().contains("responseSchema");
}

result<void> write_format(json::object& config, const request& asked) {
  if (!asked.response_format) return {};
  switch (asked.response_format->kind) {
    case generation::response_format_kind::text:
      return {};
    case generation::response_format_kind::json_schema:
      if (!has_own_schema(asked)) config["responseJsonSchema"] = asked.response_format->schema;
      [[fallthrough]];
    case generation::response_format_kind::json_object:
      config["responseMimeType"] = "application/json";
      return {};
    case generation::response_format_kind::vendor:
      return refuse("cannot be told this response_format", "response_format");
  }
  return {};
}

void write_sampling(json::object& config, const request& asked) {
  put(config, "temperature", asked.temperature);
  put(config, "topP", asked.top_p);
  put(config, "topK", asked.top_k);
  put(config, "maxOutputTokens", asked.max_output_tokens);
  put(config, "candidateCount", asked.choices);
  put(config, "seed", asked.seed);
  put(config, "presencePenalty", asked.presence_penalty);
  put(config, "frequencyPenalty", asked.frequency_penalty);
  if (asked.logprobs.value_or(false) || asked.top_logprobs) config["responseLogprobs"] = true;
  put(config, "logprobs", asked.top_logprobs);
  json::array stops;
  for (const std::string& stop : asked.stop) {
    if (!stop.empty()) stops.emplace_back(stop);
  }
  if (!stops.empty()) config["stopSequences"] = std::move(stops);
}

// Adds what is not there yet, within objects too.
void join(json::object& into, const json::object& more) {
  for (const auto& [name, value] : more) {
    json::value* const present = into.if_contains(name);
    if (present == nullptr) {
      into.emplace(name, value);
    } else if (present->is_object() && value.is_object() && name != "thinkingConfig") {
      join(present->get_object(), value.get_object());
    } else if (name == "thinkingConfig") {
      *present = value;
    }
  }
}

}  // namespace

std::string gemini_path(std::string_view model, std::string_view method) {
  return fmt::format("/{}:{}", escaped_name(model), method);
}

bool is_gemini_3_or_later(std::string_view model) {
  constexpr std::string_view family = "gemini-";
  if (const std::size_t slash = model.rfind('/'); slash != std::string_view::npos) model.remove_prefix(slash + 1);
  if (!model.starts_with(family)) return false;
  const std::string_view version = model.substr(family.size());
  const std::string_view digits = version.substr(0, version.find_first_not_of("0123456789"));
  return digits.size() > 1 || (digits.size() == 1 && digits.front() >= '3');
}

namespace {

result<json::object> make_body(const request& asked, std::string_view model) {
  auto said = make_gemini_messages(asked, model);
  if (!said) return std::unexpected(std::move(said.error()));
  json::object body;
  if (!said->system.empty()) body["systemInstruction"] = {{"parts", std::move(said->system)}};
  body["contents"] = std::move(said->contents);
  for (const auto write : {write_tools, write_tool_choice}) {
    if (auto fine = write(body, asked); !fine) return std::unexpected(std::move(fine.error()));
  }
  json::object config;
  write_sampling(config, asked);
  if (auto fine = write_format(config, asked); !fine) return std::unexpected(std::move(fine.error()));
  if (auto fine = write_thinking(config, asked, model); !fine) return std::unexpected(std::move(fine.error()));
  if (!config.empty()) body["generationConfig"] = std::move(config);
  if (asked.dialect == gemini_dialect) join(body, asked.extensions);
  return body;
}

}  // namespace

result<std::string> make_gemini_body(const request& asked, std::string_view model) {
  const auto body = make_body(asked, model);
  return body ? result<std::string>(json::serialize(*body)) : std::unexpected(body.error());
}

result<std::string> make_gemini_count_body(const request& asked, std::string_view model) {
  auto body = make_body(asked, model);
  if (!body) return std::unexpected(std::move(body.error()));
  (*body)["model"] = escaped_name(model);
  return json::serialize(json::object{{"generateContentRequest", std::move(*body)}});
}

}  // namespace sluice::agent
