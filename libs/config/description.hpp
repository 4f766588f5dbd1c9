// What is known about a configuration's keys, without their C++ types: the source of documentation and error messages.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/value.hpp"

namespace sluice::config {

enum class kind : std::uint8_t {
  text,
  boolean,
  integer,
  number,
  duration,
  size,
  choice,
  secret,
  list,
  map,
  structure,
  variant,
};

/// When a change of a key takes effect.
enum class takes_effect : std::uint8_t { on_restart, on_reload };

struct description;

struct key_description {
  std::string name;
  std::shared_ptr<const description> type;
  std::string about;  ///< one line
  value standard;     ///< the default, as it would be written
  bool required = false;
  takes_effect when = takes_effect::on_restart;
};

struct description {
  kind is = kind::text;
  std::string expected;  ///< completes "expected …": "an integer from 1 to 65535"
  std::optional<double> least = {};
  std::optional<double> most = {};
  std::vector<std::string> choices = {};            ///< of a choice
  std::shared_ptr<const description> element = {};  ///< of a list or map
  bool one_alone = false;                           ///< of a list: an element that stands alone is a list of one
  std::vector<key_description> keys = {};           ///< of a structure
  std::string tag = {};                             ///< of a variant
  std::vector<std::pair<std::string, std::shared_ptr<const description>>> alternatives = {};  ///< of a variant
  std::vector<std::string> unsupported = {};  ///< keys, choices or tags that this version knows of but does not have
};
using description_ptr = std::shared_ptr<const description>;

const key_description* find_key(const description& structure, std::string_view name);

/// The member of `names` that somebody who typed `typed` may have meant, or an empty view.
std::string_view nearest(std::string_view typed, const std::vector<std::string_view>& names);

}  // namespace sluice::config
