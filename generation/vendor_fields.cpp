#include "generation/vendor_fields.hpp"

#include <algorithm>

#include "base/json_text.hpp"
#include "generation/json_fields.hpp"

namespace sluice::generation {
namespace {

bool is_among(std::initializer_list<std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

json::object vendor_fields_of(const json::object& from, std::initializer_list<std::string_view> known) {
  json::object others;
  for (const auto& [name, value] : from) {
    if (!value.is_null() && !is_among(known, name)) others.emplace(name, value);
  }
  return others;
}

void add_vendor_fields(json::object& to, std::string_view name, const json::object& inner,
                       std::initializer_list<std::string_view> known) {
  json::object others = vendor_fields_of(inner, known);
  if (!others.empty()) to[name] = std::move(others);
}

json::object parse_vendor_fields(std::string_view text) {
  auto parsed = parse_object(text);
  return parsed ? std::move(*parsed) : json::object{};
}

void join_vendor_fields(json::object& into, const json::object& more) {
  for (const auto& field : more) {
    json::value& present = into[field.key()];
    if (present.is_array() && field.value().is_array()) {
      for (const json::value& item : field.value().get_array())
        present.get_array().push_back(item);
    } else if (present.is_object() && field.value().is_object()) {
      join_vendor_fields(present.get_object(), field.value().get_object());
    } else if (!field.value().is_null()) {
      present = field.value();
    }
  }
}

void append_vendor_fields(std::string& out, const json::object& fields, std::initializer_list<std::string_view> said) {
  for (const auto& [name, value] : fields) {
    if (is_among(said, name)) continue;
    out.push_back(',');
    append_json_string(out, name);
    out.append(":").append(json::serialize(value));
  }
}

void append_inner_vendor_fields(std::string& out, const json::object& fields, std::string_view name) {
  const json::value* const inner = fields.if_contains(name);
  if (inner != nullptr && inner->is_object()) append_vendor_fields(out, inner->get_object());
}

}  // namespace sluice::generation
