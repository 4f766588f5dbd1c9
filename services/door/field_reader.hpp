// JSON from outside: its text, and typed fields of an object, with an error that names the field.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/error.hpp"

namespace sluice::door {

/// What a text from outside may be, at the most.
struct json_limits {
  std::size_t depth = 32;
};

/// Parses JSON strictly (RFC 8259; valid UTF-8; bounded depth). The error says where it went wrong, in bytes.
/// `storage` is where the value lives; the default is the heap.
result<boost::json::value> parse_json(std::string_view text, const json_limits& limits,
                                      boost::json::storage_ptr storage = {});

/// Reads fields that may be missing or null (then the target stays as it is). The first problem is kept and the reads
/// after it do nothing, so that a caller looks once, after the last.
class field_reader {
 public:
  /// `prefix` is put before a field's name in the error's `param`, e.g. "tools[0].function.".
  field_reader(const boost::json::object& from, std::string_view prefix) : from_(from), prefix_(prefix) {}

  void text(std::string_view name, std::string& into);
  void text(std::string_view name, std::optional<std::string>& into);
  void boolean(std::string_view name, std::optional<bool>& into);
  void number(std::string_view name, std::optional<double>& into, double min, double max);
  void integer(std::string_view name, std::optional<std::int64_t>& into,
               std::int64_t min = std::numeric_limits<std::int64_t>::min(),
               std::int64_t max = std::numeric_limits<std::int64_t>::max());
  void object(std::string_view name, boost::json::object& into);

  const std::optional<error>& problem() const { return problem_; }

 private:
  const boost::json::value* find(std::string_view name) const;
  void refuse(std::string_view name, std::string_view expected);

  const boost::json::object& from_;
  std::string prefix_;
  std::optional<error> problem_;
};

}  // namespace sluice::door
