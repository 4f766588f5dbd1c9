// What can be wrong with a Redis, as far as anybody does something about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "state/redis_protocol.hpp"

namespace sluice::state {

enum class redis_trouble : std::uint8_t {
  none,
  away,       ///< cannot be reached, does not answer, or is loading its data
  refused,    ///< does not know the password, or forbids a command
  unusable,   ///< what is there does not speak our protocol, or is a node of a cluster
  read_only,  ///< a replica
  full,       ///< takes no more writes
  bug,        ///< we asked for what cannot be
};

/// What a Redis said of itself, or did.
struct redis_complaint {
  redis_trouble what = redis_trouble::none;
  std::string text;  ///< reads on from "the Redis at …"
};

/// As a metric's label.
std::string_view to_string(redis_trouble what);

/// What an error reply means. A key of another kind than was asked for is a `bug`.
redis_complaint understand_error(std::string_view reply);

/// Whether nothing will go better on the same connection.
bool ends_connection(redis_trouble what);

/// For the caller of a command: `unavailable`, or `internal` for a bug. `detail` has the text.
error make_redis_error(const redis_complaint& why);

}  // namespace sluice::state
