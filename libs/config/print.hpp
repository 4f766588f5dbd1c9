// What a schema and a configuration look like to a reader: printed values, JSON Schema, lists of keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/description.hpp"
#include "config/value.hpp"

namespace sluice::config {

/// `shown` (from `type::show`) with the origins that its values have in `document`, or else `source::standard`.
value with_origins(value shown, const value& document);

/// `shown` without the values that are defaults.
value without_defaults(value shown);

/// As YAML that reads back to the same; with `origins`, a comment behind each value says where it came from.
std::string to_yaml(const value& shown, bool origins = false);

/// As indented JSON.
std::string to_json(const value& shown);

/// Every scalar and empty container as an object of key, value and origin, in a JSON list.
std::string to_json_with_origins(const value& shown);

/// JSON Schema, draft 2020-12.
std::string json_schema(const description& what, std::string_view title, std::string_view id);

/// One settable key.
struct key_line {
  std::string path;      ///< "providers.<name>.api_key", "models[].name"
  std::string variable;  ///< "SLUICE_PROVIDERS__<NAME>__API_KEY"; empty inside lists
  const key_description* key;
  std::string only_for;  ///< "type: openai", for a key of one alternative
};
/// Every key below `what` that holds no further keys itself, and lists and maps of structures before their own keys.
std::vector<key_line> list_keys(const description& what, std::string_view prefix);

/// The list of environment variables, for a terminal.
std::string environment_text(const description& what, std::string_view prefix);

/// The reference of all keys, in Markdown.
std::string reference_markdown(const description& what, std::string_view prefix);

}  // namespace sluice::config
