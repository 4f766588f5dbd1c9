// What the door can be told. Filled from the configuration by whoever wires it.
#pragma once

#include <string>
#include <vector>

#include "base/secret_string.hpp"
#include "door/field_reader.hpp"
#include "door/request_limits.hpp"

namespace sluice::door {

/// An API key fixed in the configuration. It is its own user.
struct fixed_key {
  std::string name;
  std::string sha256;  ///< of the key, 64 lower-case hexadecimal digits
  std::string role;
};

struct settings {
  std::string public_origin;                   ///< where clients reach us, as browsers write it; empty: not known
  std::vector<std::string> allowed_origins;    ///< beside our own
  std::vector<secret_string> insecure_tokens;  ///< of the user `demo`
  std::vector<fixed_key> keys;
  json_limits json;  ///< of bodies
  std::vector<request_limit> limits;
};

}  // namespace sluice::door
