// How the neutral model's JSON is written and read: fields that are empty are left out. Within `generation` only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/error.hpp"

namespace sluice::generation {

namespace json = boost::json;

// What a vendor's part nests comes on top of what a request's JSON may nest at the most (128), which is checked before.
inline constexpr std::size_t depth_max = 512;

inline std::unexpected<error> damaged(std::string_view where) {
  return std::unexpected(error{.reason = error_reason::internal,
                               .message = "a message cannot be read",
                               .detail = "bad " + std::string(where) + " in our own JSON"});
}

inline void put(json::object& to, std::string_view name, const std::string& text) {
  if (!text.empty()) to.emplace(name, text);
}

inline void put(json::object& to, std::string_view name, bool flag) {
  if (flag) to.emplace(name, true);
}

inline void put(json::object& to, std::string_view name, const json::value& value) {
  if (!value.is_null()) to.emplace(name, value);
}

inline void put(json::object& to, std::string_view name, const std::optional<bool>& flag) {
  if (flag) to.emplace(name, *flag);
}

inline std::string text_of(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

inline bool flag_of(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

inline std::int64_t number_of(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

inline json::object object_of(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : json::object();
}

// The value of an enumeration whose name `text` is; its last one if there is none of that name.
template <class Enum>
Enum value_named(std::string_view text, Enum last) {
  for (std::uint8_t value = 0; value < static_cast<std::uint8_t>(last); ++value) {
    if (to_string(static_cast<Enum>(value)) == text) return static_cast<Enum>(value);
  }
  return last;
}

inline result<json::object> parse_object(std::string_view text) {
  json::parse_options options;
  options.max_depth = depth_max;
  boost::system::error_code problem;
  json::value parsed = json::parse(text, problem, {}, options);
  if (problem || !parsed.is_object()) return damaged("syntax");
  return std::move(parsed.get_object());
}

}  // namespace sluice::generation
