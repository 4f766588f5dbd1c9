#include "gateway/faces/gemini_schema.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace sluice::gateway::gemini {
namespace {

namespace json = boost::json;

std::string camel(std::string_view snake) {
  std::string made;
  bool is_start = false;
  for (const char c : snake) {
    const bool is_small = c >= 'a' && c <= 'z';
    if (c == '_' && !made.empty()) {
      is_start = true;
      continue;
    }
    made.push_back(is_start && is_small ? static_cast<char>(c - 'a' + 'A') : c);
    is_start = false;
  }
  return made;
}

json::value small_letters(const json::value& type) {
  if (!type.is_string()) return type;
  std::string word(type.get_string());
  std::ranges::transform(word, word.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return json::value(word);
}

// 64-bit numbers are strings in protobuf's JSON.
json::value number_of(const json::value& count) {
  const json::string* const text = count.if_string();
  if (text == nullptr) return count;
  std::int64_t number = 0;
  const auto [end, bad] = std::from_chars(text->data(), text->data() + text->size(), number);
  return bad == std::errc() && end == text->data() + text->size() ? json::value(number) : count;
}

json::object schemas_in(const json::object& by_name) {
  json::object made;
  for (const auto& [name, schema] : by_name)
    made.emplace(name, json_schema_of(schema));
  return made;
}

json::array schemas_in(const json::array& list) {
  json::array made;
  for (const json::value& schema : list)
    made.push_back(json_schema_of(schema));
  return made;
}

bool is_count(std::string_view key) {
  constexpr std::string_view counts[] = {"minItems",  "maxItems",      "minLength",
                                         "maxLength", "minProperties", "maxProperties"};
  return std::ranges::find(counts, key) != std::end(counts);
}

}  // namespace

json::object with_camel_keys(const json::object& from) {
  json::object made;
  made.reserve(from.size());
  for (const auto& [key, value] : from)
    made.emplace(std::string_view(key).contains('_') ? camel(key) : std::string(key), value);
  return made;
}

json::value json_schema_of(const json::value& schema) {
  const json::object* const told = schema.if_object();
  if (told == nullptr) return schema;
  json::object made;
  bool is_nullable = false;
  for (const auto& [key, value] : with_camel_keys(*told)) {
    if (key == "type") {
      made["type"] = small_letters(value);
    } else if (key == "nullable") {
      is_nullable = value == true;
    } else if (key == "propertyOrdering") {
      continue;
    } else if ((key == "properties" || key == "$defs") && value.is_object()) {
      made[key] = schemas_in(value.get_object());
    } else if ((key == "anyOf" || key == "oneOf" || key == "prefixItems") && value.is_array()) {
      made[key] = schemas_in(value.get_array());
    } else if (key == "items" || key == "additionalProperties") {
      made[key] = json_schema_of(value);
    } else {
      made[key] = is_count(key) ? number_of(value) : value;
    }
  }
  if (is_nullable && made.contains("type") && made["type"].is_string())
    made["type"] = json::array{made["type"], "null"};
  return made;
}

}  // namespace sluice::gateway::gemini
