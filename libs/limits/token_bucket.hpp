// The token bucket, as plain arithmetic.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "limits/limiter.hpp"

namespace sluice::limits {

/// A bucket of `burst` tokens that fills at `rate`. What is kept is not the tokens but the time at which it is full
/// again, which is one number and is exact (the generic cell rate algorithm, ITU-T I.371, annex A). Tokens are counted
/// in whole nanoseconds of filling, so a rate is met to within one part in 10^9 / rate. Times are on any clock that
/// does not go back.
class token_bucket {
 public:
  using nanoseconds = std::chrono::nanoseconds;

  decision take(const token_bucket_rule& rule, nanoseconds now, std::uint32_t cost) {
    const nanoseconds each = token_time(rule);
    const nanoseconds depth = each * rule.burst;
    const nanoseconds price = each * std::min(cost, rule.burst);
    const nanoseconds owed = std::max(full_at_ - now, nanoseconds(0));
    decision made{.allowed = cost <= rule.burst && owed + price <= depth, .limit = rule.burst};
    if (made.allowed) {
      full_at_ = now + owed + price;
      made.receipt = price.count();
    } else {
      made.retry_after = cost <= rule.burst ? owed + price - depth : owed;
    }
    made.reset = std::max(full_at_ - now, nanoseconds(0));
    made.remaining = static_cast<std::uint32_t>((depth - std::min(made.reset, depth)) / each);
    return made;
  }
  void give_back(const decision& taken) { full_at_ -= nanoseconds(taken.receipt); }

  /// From when on it is as if it had never been used.
  nanoseconds idle_at(const token_bucket_rule&) const { return full_at_; }

 private:
  static nanoseconds token_time(const token_bucket_rule& rule) {
    return nanoseconds(std::max<std::int64_t>(std::llround(1e9 / rule.rate), 1));
  }

  nanoseconds full_at_{nanoseconds::min() / 2};
};

}  // namespace sluice::limits
