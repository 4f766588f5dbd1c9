// What a schema looks like to those who write configurations: JSON Schema, variables, the page of all keys.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/print.hpp"

namespace sluice::config {
namespace {

value word(std::string_view text) {
  return value::scalar(std::string(text), true);
}

std::string_view json_type(kind of) {
  switch (of) {
    case kind::boolean:
      return "boolean";
    case kind::integer:
      return "integer";
    case kind::number:
      return "number";
    case kind::list:
      return "array";
    case kind::map:
    case kind::structure:
    case kind::variant:
      return "object";
    case kind::text:
    case kind::duration:
    case kind::size:
    case kind::choice:
    case kind::secret:
      return "string";
  }
  return "string";
}

value scalar_schema(const description& what) {
  value schema = value::map();
  // A reference such as ${NAME} may stand for any scalar.
  const bool number = what.is == kind::integer || what.is == kind::number || what.is == kind::boolean;
  value types = value::list();
  types.items.push_back(word(json_type(what.is)));
  if (number) types.items.push_back(word("string"));
  if (what.is == kind::size) types.items.push_back(word("integer"));
  schema.add("type", types.items.size() == 1 ? types.items.front() : types);
  if (what.is == kind::choice) {
    value choices = value::list();
    for (const std::string& each : what.choices)
      choices.items.push_back(word(each));
    schema.add("enum", std::move(choices));
  }
  if (what.is == kind::integer || what.is == kind::number) {
    if (what.least) schema.add("minimum", value::scalar(fmt::format("{}", *what.least)));
    if (what.most) schema.add("maximum", value::scalar(fmt::format("{}", *what.most)));
  }
  return schema;
}

value schema_of(const description& what);

value structure_schema(const description& what, const std::string& tag = {}, const std::string& tag_value = {}) {
  value properties = value::map();
  value required = value::list();
  if (!tag.empty()) {
    value constant = value::map();
    constant.add("const", word(tag_value));
    properties.add(tag, std::move(constant));
    required.items.push_back(word(tag));
  }
  for (const key_description& each : what.keys) {
    value property = schema_of(*each.type);
    property.add("description", word(each.about));
    const bool nested = each.type->is == kind::structure;
    if (each.standard.is != value::shape::null && !nested) property.add("default", each.standard);
    properties.add(each.name, std::move(property));
    if (each.required) required.items.push_back(word(each.name));
  }
  value schema = value::map();
  schema.add("type", word("object"));
  schema.add("properties", std::move(properties));
  if (!required.items.empty()) schema.add("required", std::move(required));
  schema.add("additionalProperties", value::scalar("false"));
  return schema;
}

value either(value one, value other) {
  value choices = value::list();
  choices.items.push_back(std::move(one));
  choices.items.push_back(std::move(other));
  value schema = value::map();
  schema.add("anyOf", std::move(choices));
  return schema;
}

value schema_of(const description& what) {
  value schema = value::map();
  switch (what.is) {
    case kind::list:
      schema.add("type", word("array"));
      schema.add("items", schema_of(*what.element));
      return what.one_alone ? either(schema_of(*what.element), std::move(schema)) : schema;
    case kind::map:
      schema.add("type", word("object"));
      schema.add("additionalProperties", schema_of(*what.element));
      return schema;
    case kind::structure:
      return structure_schema(what);
    case kind::variant: {
      value choices = value::list();
      for (const auto& [name, alternative] : what.alternatives)
        choices.items.push_back(structure_schema(*alternative, what.tag, name));
      schema.add("oneOf", std::move(choices));
      return schema;
    }
    default:
      return scalar_schema(what);
  }
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

struct walker {
  std::string prefix;
  std::vector<key_line> lines;

  // `variable` is empty where no variable leads.
  void go(const description& what, const std::string& path, const std::string& variable, const std::string& only_for) {
    for (const key_description& each : what.keys) {
      const std::string here = path.empty() ? each.name : path + "." + each.name;
      const std::string named = variable.empty() ? "" : variable + upper(each.name);
      enter(each, here, named, only_for);
    }
    for (const auto& [name, alternative] : what.alternatives) {
      for (const key_description& each : alternative->keys) {
        const bool is_common = std::ranges::all_of(
            what.alternatives, [&](const auto& other) { return find_key(*other.second, each.name) != nullptr; });
        if (is_common && alternative != what.alternatives.front().second) continue;
        enter(each, path + "." + each.name, variable.empty() ? "" : variable + upper(each.name),
              is_common ? only_for : fmt::format("{}: {}", what.tag, name));
      }
    }
  }

  void enter(const key_description& key, const std::string& path, const std::string& variable,
             const std::string& only_for) {
    const description& what = *key.type;
    const std::string below = variable.empty() ? "" : variable + "__";
    if (what.is == kind::structure) {
      go(what, path, below, only_for);
      return;
    }
    lines.push_back({path, variable, &key, only_for});
    if (what.is == kind::map) go(*what.element, path + ".<name>", below.empty() ? "" : below + "<NAME>__", only_for);
    if (what.is == kind::list) go(*what.element, path + "[]", "", only_for);
  }
};

std::string_view kind_word(const description& what) {
  switch (what.is) {
    case kind::text:
    case kind::boolean:
    case kind::integer:
    case kind::number:
    case kind::duration:
    case kind::size:
    case kind::choice:
    case kind::secret:
      return what.expected;
    case kind::list:
      if (what.one_alone) return what.expected;
      return what.element->is == kind::structure || what.element->is == kind::variant ? "a list of maps" : "a list";
    default:
      return what.expected;
  }
}

std::string default_text(const key_description& key) {
  if (key.required) return "required";
  switch (key.standard.is) {
    case value::shape::list:
      return "[]";
    case value::shape::map:
      return "{}";
    case value::shape::scalar:
      return key.standard.text.empty() ? "\"\"" : key.standard.text;
    case value::shape::null:
      return "";
  }
  return "";
}

}  // namespace

std::string json_schema(const description& what, std::string_view title, std::string_view id) {
  value schema = value::map();
  schema.add("$schema", word("https://json-schema.org/draft/2020-12/schema"));
  schema.add("$id", word(id));
  schema.add("title", word(title));
  lay_over(schema, schema_of(what));
  return to_json(schema);
}

std::vector<key_line> list_keys(const description& what, std::string_view prefix) {
  walker walk{std::string(prefix), {}};
  walk.go(what, "", std::string(prefix), "");
  return std::move(walk.lines);
}

std::string environment_text(const description& what, std::string_view prefix) {
  std::string out;
  for (const key_line& line : list_keys(what, prefix)) {
    if (line.variable.empty()) continue;
    fmt::format_to(std::back_inserter(out), "{}\n    {}{}; default {}. {}{}\n", line.variable,
                   kind_word(*line.key->type),
                   line.key->type->is == kind::list || line.key->type->is == kind::map ? ", as inline YAML" : "",
                   default_text(*line.key), line.key->about,
                   line.only_for.empty() ? "" : fmt::format(" Only for {}.", line.only_for));
  }
  return out;
}

std::string reference_markdown(const description& what, std::string_view prefix) {
  std::string out;
  std::string section;
  for (const key_line& line : list_keys(what, prefix)) {
    const std::string_view top = std::string_view(line.path).substr(0, line.path.find_first_of(".["));
    if (top != section) {
      section = top;
      fmt::format_to(std::back_inserter(out), "\n## `{}`\n\n| key | value | default | meaning |\n|---|---|---|---|\n",
                     top);
    }
    fmt::format_to(std::back_inserter(out), "| `{}` | {} | {} | {}{}{} |\n", line.path, kind_word(*line.key->type),
                   line.key->required ? "required" : fmt::format("`{}`", default_text(*line.key)), line.key->about,
                   line.only_for.empty() ? "" : fmt::format(" Only for `{}`.", line.only_for),
                   line.key->when == takes_effect::on_reload ? " Takes effect on reload." : "");
  }
  return out;
}

}  // namespace sluice::config
