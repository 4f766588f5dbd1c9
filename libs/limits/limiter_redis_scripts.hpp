// The rules as Redis runs them. Lua's numbers are doubles, exact up to 2^53: nanoseconds go in pairs with their
// seconds.
#pragma once

#include "state/redis_client.hpp"

namespace sluice::limits::scripts {

/// KEYS: when the bucket is full again, "seconds:nanoseconds". ARGV: the price, the depth, each in seconds and
/// nanoseconds; whether it could ever be paid (1, 0). Returns whether it was, and what was owed before: seconds,
/// nanoseconds.
extern const state::redis_script take_tokens;
/// KEYS: the same. ARGV: the price, in seconds and nanoseconds.
extern const state::redis_script give_back_tokens;

/// KEYS: the milliseconds in which something came, by themselves; how much came in each, and their `sum`. ARGV: the
/// window in milliseconds, the limit, the cost. Returns whether it was allowed, the sum, the newest millisecond (0:
/// none), the one with which enough will be forgotten (0: none), and the time in microseconds.
extern const state::redis_script take_room;
/// KEYS: the same. ARGV: the millisecond of the receipt, the cost.
extern const state::redis_script give_back_room;

}  // namespace sluice::limits::scripts
