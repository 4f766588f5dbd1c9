// How often something may happen: the face.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "async/task.hpp"
#include "base/error.hpp"

namespace sluice::limits {

/// A steady rate, and how much of it may come at once.
struct token_bucket_rule {
  double rate = 1;          ///< a second
  std::uint32_t burst = 1;  ///< at least 1; to save up so many takes a year at the most
};

/// So many in any span of time: exact, nothing is averaged.
struct sliding_window_rule {
  std::uint32_t limit = 1;
  std::chrono::milliseconds per{1000};
};

/// `name` tells the keys of one limit from another's, so it is unique.
struct limit {
  std::string name;
  std::variant<token_bucket_rule, sliding_window_rule> rule;
};

/// What became of a `take`.
struct decision {
  bool allowed = false;
  std::uint32_t limit = 0;            ///< what may come at once to a key that was left alone
  std::uint32_t remaining = 0;        ///< how many more would be allowed now
  std::chrono::nanoseconds reset{0};  ///< until the key is as if it had been left alone
  std::chrono::nanoseconds retry_after{
      0};                    ///< if refused: a `take` of the same cost, then, is allowed unless others come first
  std::int64_t receipt = 0;  ///< if allowed: for `give_back`
};

/// Counts by key (an address, a user, …) under each limit. Exact: under any number of simultaneous calls, from any
/// worker, no more are allowed than the rule says, and no fewer. Views are read before the call is first suspended.
/// Errors: `unavailable` where the counts cannot be reached or there is no room for another key.
class limiter {
 public:
  virtual ~limiter() = default;

  /// Charges `cost` if the rule allows it, else charges nothing. `cost` is at least 1; more than the rule could ever
  /// allow at once is always refused.
  virtual task<result<decision>> take(const limit& by, std::string_view key, std::uint32_t cost = 1) = 0;
  /// Takes an allowed charge back, for one that another limit refused.
  virtual task<result<void>> give_back(const limit& by, std::string_view key, const decision& taken,
                                       std::uint32_t cost = 1) = 0;
};

}  // namespace sluice::limits
