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
    const decision made = decide(rule, std::max(full_at_ - now, nanoseconds(0)), cost);
    if (made.allowed) full_at_ = now + made.reset;
    return made;
  }
  /// What becomes of a `take` when the bucket is full again `owed` from now.
  static decision decide(const token_bucket_rule& rule, nanoseconds owed, std::uint32_t cost) {
    const nanoseconds each = token_time(rule);
    const nanoseconds depth = each * rule.burst;
    const nanoseconds price = price_of(rule, cost);
    decision made{.allowed = cost <= rule.burst && owed + price <= depth, .limit = rule.burst, .reset = owed};
    if (made.allowed) {
      made.reset = owed + price;
      made.receipt = price.count();
    } else {
      made.retry_after = cost <= rule.burst ? owed + price - depth : owed;
    }
    made.remaining = static_cast<std::uint32_t>((depth - std::min(made.reset, depth)) / each);
    return made;
  }
  /// How much longer it takes to be full again after `cost`, of which no more than the burst counts.
  static nanoseconds price_of(const token_bucket_rule& rule, std::uint32_t cost) {
    return token_time(rule) * std::min(cost, rule.burst);
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
