// A tree of configuration values, each of which knows where it was said.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

enum class source : std::uint8_t { standard, file, environment, flag };

/// Where a value was said.
struct origin {
  source from = source::standard;
  std::string name = {};  ///< the file, the environment variable, or the flag
  int line = 0;           ///< from 1; 0 outside a file
  int column = 0;         ///< from 1, in characters

  bool operator==(const origin&) const = default;
};

/// "sluice.yaml:14:5", "SLUICE_SERVER__LISTEN", "--listen", or "default".
std::string to_string(const origin& at);

/// One thing that is wrong, and where.
struct problem {
  origin at;
  std::string message;
};
using problems = std::vector<problem>;

/// "sluice.yaml:14:5: unknown key …": what a person reads.
std::string to_string(const problem& wrong);

struct member;

/// What stands in a YAML document before it has a type: a scalar is text until the schema says what it should be.
struct value {
  enum class shape : std::uint8_t { null, scalar, list, map };

  shape is = shape::null;
  std::string text = {};        ///< of a scalar
  bool quoted = false;          ///< a scalar that is text in any case, were it "true" or "12"
  std::vector<value> items;     ///< of a list
  std::vector<member> members;  ///< of a map, in the order in which they were said; no key twice
  origin at;

  static value scalar(std::string text, bool quoted = false);
  static value list();
  static value map();
  /// Maps only: adds a member at the end; the key must be new.
  value& add(std::string key, value holds);
  /// The member's value, or null if this is no map or has no such member.
  const value* find(std::string_view key) const;
  value* find(std::string_view key);
};

struct member {
  std::string key;
  origin at;  ///< of the key
  value holds;
};

/// `over` laid on `base`: maps are merged key by key, everything else is replaced as a whole.
void lay_over(value& base, value over);

/// The value at a path such as "models[2].targets[0].provider", or null. Keys with dots in them cannot be reached.
const value* locate(const value& root, std::string_view path);

/// Where the value at `path` was said, or else the nearest thing around it.
origin origin_of(const value& root, std::string_view path);

}  // namespace sluice::config
