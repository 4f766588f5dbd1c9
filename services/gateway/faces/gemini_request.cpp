#include "gateway/faces/gemini_request.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "door/field_reader.hpp"
#include "gateway/faces/gemini_content.hpp"
#include "gateway/faces/gemini_schema.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::gateway::gemini {
namespace {

namespace json = boost::json;
using door::field_reader;
using generation::vendor_fields_of;

constexpr std::size_t contents_max = 10'000;
constexpr std::size_t tools_max = 1024;
constexpr std::size_t stops_max = 64;

std::unexpected<error> refuse(std::string message, std::string path) {
  return failure(error_reason::invalid_argument, std::move(message), std::move(path));
}

const json::value* find(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

// Reads what has a neutral name; what is left is for Gemini. No I/O.
class request_parser {
 public:
  request_parser(const json::object& body, generation::request& asked) : body_(with_camel_keys(body)), asked_(asked) {}

  result<void> contents();
  result<void> tools();
  result<void> tool_choice();
  result<void> generation_config();
  void keep_the_rest() {
    json::object rest =
        vendor_fields_of(body_, {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "model"});
    for (auto& [name, value] : rest)
      asked_.extensions[name] = value;
  }

 private:
  result<json::object> object_at(const json::object& from, std::string_view name, std::string_view path) const;
  result<void> declarations(const json::value& list, const std::string& path);
  result<void> format(const json::object& config);
  result<void> thinking(const json::object& config);
  result<void> stops(const json::object& config);

  json::object body_;
  generation::request& asked_;
};

result<json::object> request_parser::object_at(const json::object& from, std::string_view name,
                                               std::string_view path) const {
  const json::value* const value = find(from, name);
  if (value == nullptr) return json::object();
  if (!value->is_object()) return refuse("must be an object", std::string(path));
  return with_camel_keys(value->get_object());
}

result<void> request_parser::contents() {
  content_reader reader;
  if (const json::value* const system = find(body_, "systemInstruction")) {
    if (auto fine = reader.append_system(asked_.messages, *system); !fine) return fine;
  }
  const json::value* const list = find(body_, "contents");
  const json::array* const contents = list == nullptr ? nullptr : list->if_array();
  if (contents == nullptr || contents->empty()) return refuse("must be a list of at least one content", "contents");
  if (contents->size() > contents_max)
    return failure(error_reason::too_large, fmt::format("there may be at most {} contents", contents_max), "contents");
  const std::size_t before = asked_.messages.size();
  for (std::size_t i = 0; i < contents->size(); ++i) {
    if (auto fine = reader.append(asked_.messages, (*contents)[i], fmt::format("contents[{}]", i)); !fine) return fine;
  }
  if (asked_.messages.size() == before) return refuse("contents have no parts", "contents");
  return {};
}

result<void> request_parser::declarations(const json::value& list, const std::string& path) {
  const json::array* const functions = list.if_array();
  if (functions == nullptr) return refuse("must be a list", path);
  for (std::size_t i = 0; i < functions->size(); ++i) {
    const std::string here = fmt::format("{}[{}]", path, i);
    if (!(*functions)[i].is_object()) return refuse("must be an object", here);
    if (asked_.tools.size() >= tools_max)
      return failure(error_reason::too_large, fmt::format("there may be at most {} tools", tools_max), "tools");
    const json::object told = with_camel_keys((*functions)[i].get_object());
    generation::tool tool;
    field_reader fields(told, here + ".");
    fields.text("name", tool.name);
    fields.text("description", tool.description);
    if (fields.problem()) return std::unexpected(*fields.problem());
    if (tool.name.empty()) return refuse("is missing", here + ".name");
    const json::value* const schema = find(told, "parametersJsonSchema");
    const json::value* const parameters = find(told, "parameters");
    for (const json::value* const one : {schema, parameters}) {
      if (one != nullptr && !one->is_object()) return refuse("must be an object", here + ".parameters");
    }
    if (schema != nullptr) {
      tool.parameters = *schema;
    } else if (parameters != nullptr) {
      tool.parameters = json_schema_of(*parameters);
    }
    tool.extensions = vendor_fields_of(told, {"name", "description", "parametersJsonSchema"});
    asked_.tools.push_back(std::move(tool));
  }
  return {};
}

result<void> request_parser::tools() {
  const json::value* const list = find(body_, "tools");
  if (list == nullptr) return {};
  const json::array* const tools = list->if_array();
  if (tools == nullptr) return refuse("must be a list", "tools");
  if (tools->size() > tools_max)
    return failure(error_reason::too_large, fmt::format("there may be at most {} tools", tools_max), "tools");
  for (std::size_t i = 0; i < tools->size(); ++i) {
    const std::string path = fmt::format("tools[{}]", i);
    if (!(*tools)[i].is_object()) return refuse("must be an object", path);
    json::object told = with_camel_keys((*tools)[i].get_object());
    if (const json::value* const functions = find(told, "functionDeclarations")) {
      if (auto fine = declarations(*functions, path + ".functionDeclarations"); !fine) return fine;
    }
    told.erase("functionDeclarations");
    if (told.empty()) continue;
    generation::tool own;
    own.vendor = std::move(told);
    own.dialect = "gemini";
    asked_.tools.push_back(std::move(own));
  }
  return {};
}

result<void> request_parser::tool_choice() {
  auto config = object_at(body_, "toolConfig", "toolConfig");
  if (!config) return std::unexpected(std::move(config.error()));
  const auto calling = object_at(*config, "functionCallingConfig", "toolConfig.functionCallingConfig");
  if (!calling) return std::unexpected(calling.error());
  std::string word;
  field_reader fields(*calling, "toolConfig.functionCallingConfig.");
  fields.text("mode", word);
  if (fields.problem()) return std::unexpected(*fields.problem());
  const json::value* const names = find(*calling, "allowedFunctionNames");
  const json::array* const allowed = names == nullptr ? nullptr : names->if_array();
  using mode = generation::tool_choice_mode;
  if (word == "ANY") {
    const bool is_one = allowed != nullptr && allowed->size() == 1 && allowed->front().is_string();
    asked_.tool_choice = {.mode = is_one ? mode::named : mode::required, .name = {}, .vendor = {}};
    if (is_one) asked_.tool_choice->name = allowed->front().get_string();
  } else if (word == "NONE") {
    asked_.tool_choice = {.mode = mode::none, .name = {}, .vendor = {}};
  } else if (word == "AUTO" || word == "VALIDATED") {
    asked_.tool_choice = {.mode = mode::automatic, .name = {}, .vendor = {}};
  } else if (!word.empty() && word != "MODE_UNSPECIFIED") {
    return refuse(R"(must be "AUTO", "ANY", "NONE" or "VALIDATED")", "toolConfig.functionCallingConfig.mode");
  }
  if (!calling->empty()) (*config)["functionCallingConfig"] = *calling;
  if (!config->empty()) asked_.extensions["toolConfig"] = std::move(*config);
  return {};
}

result<void> request_parser::thinking(const json::object& config) {
  const auto told = object_at(config, "thinkingConfig", "generationConfig.thinkingConfig");
  if (!told) return std::unexpected(told.error());
  std::optional<std::int64_t> budget;
  std::optional<bool> shown;
  std::string level;
  field_reader fields(*told, "generationConfig.thinkingConfig.");
  fields.integer("thinkingBudget", budget, -1);
  fields.boolean("includeThoughts", shown);
  fields.text("thinkingLevel", level);
  if (fields.problem()) return std::unexpected(*fields.problem());
  std::ranges::transform(level, level.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (budget && *budget > 0) asked_.reasoning.budget_tokens = budget;
  if (budget && *budget == 0) asked_.reasoning.effort = "none";
  if (!level.empty() && level != "thinking_level_unspecified") asked_.reasoning.effort = level;
  if (shown.value_or(false)) asked_.reasoning.summary = "auto";
  return {};
}

result<void> request_parser::format(const json::object& config) {
  std::string type;
  field_reader fields(config, "generationConfig.");
  fields.text("responseMimeType", type);
  if (fields.problem()) return std::unexpected(*fields.problem());
  const json::value* const standard = find(config, "responseJsonSchema");
  const json::value* const own = find(config, "responseSchema");
  if (type != "application/json") return {};
  generation::response_format made{.kind = generation::response_format_kind::json_object,
                                   .name = {},
                                   .description = {},
                                   .schema = {},
                                   .strict = std::nullopt};
  if (standard != nullptr || own != nullptr) {
    made.kind = generation::response_format_kind::json_schema;
    made.name = "answer";
    made.schema = standard != nullptr ? *standard : json_schema_of(*own);
  }
  asked_.response_format = std::move(made);
  return {};
}

result<void> request_parser::stops(const json::object& config) {
  const json::value* const list = find(config, "stopSequences");
  if (list == nullptr) return {};
  const json::array* const stops = list->if_array();
  if (stops == nullptr || stops->size() > stops_max || !std::ranges::all_of(*stops, &json::value::is_string))
    return refuse(fmt::format("must be a list of at most {} strings", stops_max), "generationConfig.stopSequences");
  for (const json::value& stop : *stops)
    asked_.stop.emplace_back(stop.get_string());
  return {};
}

result<void> request_parser::generation_config() {
  const auto config = object_at(body_, "generationConfig", "generationConfig");
  if (!config) return std::unexpected(config.error());
  std::optional<double> top_k;
  field_reader fields(*config, "generationConfig.");
  fields.number("temperature", asked_.temperature, 0, 100);
  fields.number("topP", asked_.top_p, 0, 1);
  fields.number("topK", top_k, 0, 1e9);  // a number with a point, as some SDKs write it
  fields.integer("candidateCount", asked_.choices, 1, 128);
  fields.integer("maxOutputTokens", asked_.max_output_tokens, 1);
  fields.number("presencePenalty", asked_.presence_penalty, -100, 100);
  fields.number("frequencyPenalty", asked_.frequency_penalty, -100, 100);
  fields.integer("seed", asked_.seed);
  fields.boolean("responseLogprobs", asked_.logprobs);
  fields.integer("logprobs", asked_.top_logprobs, 0, 20);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (top_k) asked_.top_k = static_cast<std::int64_t>(*top_k);
  for (const auto read : {&request_parser::stops, &request_parser::format, &request_parser::thinking}) {
    if (auto fine = (this->*read)(*config); !fine) return fine;
  }
  json::object rest = vendor_fields_of(
      *config, {"temperature", "topP", "topK", "candidateCount", "maxOutputTokens", "presencePenalty",
                "frequencyPenalty", "seed", "responseLogprobs", "logprobs", "stopSequences", "responseJsonSchema"});
  if (asked_.response_format) rest.erase("responseMimeType");
  if (!rest.empty()) asked_.extensions["generationConfig"] = std::move(rest);
  return {};
}

}  // namespace

result<generation::request> parse_generate_request(const json::object& body, std::string_view model) {
  generation::request asked;
  asked.dialect = "gemini";
  asked.model = model;
  request_parser parser(body, asked);
  for (const auto read : {&request_parser::contents, &request_parser::tools, &request_parser::tool_choice,
                          &request_parser::generation_config}) {
    if (auto fine = (parser.*read)(); !fine) return std::unexpected(std::move(fine.error()));
  }
  parser.keep_the_rest();
  return asked;
}

result<generation::request> parse_count_request(const json::object& body, std::string_view model) {
  const json::object told = with_camel_keys(body);
  const json::value* const whole = find(told, "generateContentRequest");
  if (whole == nullptr) return parse_generate_request(told, model);
  if (!whole->is_object()) return refuse("must be an object", "generateContentRequest");
  return parse_generate_request(whole->get_object(), model);
}

}  // namespace sluice::gateway::gemini
