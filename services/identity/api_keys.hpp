// The making of an API key.
#pragma once

#include <string>

#include "identity/user_store.hpp"

namespace sluice::identity {

struct made_key {
  new_key stored;
  secret_string key;
};

/// Errors: invalid_argument on `name`, which has 1 to 64 code points and no control characters.
result<made_key> make_key(std::string user_id, std::string name, time_point now);

}  // namespace sluice::identity
