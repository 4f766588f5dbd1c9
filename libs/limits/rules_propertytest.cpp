// The two rules against models that are plain to see: whatever comes whenever, they decide alike.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "limits/sliding_window.hpp"
#include "limits/token_bucket.hpp"

namespace sluice::limits {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// A bucket as it is drawn in books: it holds tokens, and time pours more in until it overflows.
struct drawn_bucket {
  nanoseconds each;
  nanoseconds depth;
  nanoseconds held = depth;
  nanoseconds at{0};

  bool take(nanoseconds now, std::uint32_t cost) {
    held = std::min(held + (now - at), depth);
    at = now;
    if (held < each * cost) return false;
    held -= each * cost;
    return true;
  }
};

nanoseconds some_time() {
  return nanoseconds(*rc::gen::element<std::int64_t>(0, 0, 1, 999'999, 1'000'000, 1'000'001, 50'000'000)) +
         nanoseconds(*rc::gen::inRange<std::int64_t>(0, 100'000'000));
}

RC_GTEST_PROP(token_bucket, decides_like_a_drawn_one, ()) {
  const token_bucket_rule rule{.rate = *rc::gen::element(0.1, 1.0, 3.0, 20.0, 999.0, 1e6),
                               .burst = *rc::gen::inRange<std::uint32_t>(1, 20)};
  const nanoseconds each(std::llround(1e9 / rule.rate));
  drawn_bucket model{.each = each, .depth = each * rule.burst};
  token_bucket bucket;
  nanoseconds now(1);
  for (int steps = *rc::gen::inRange(1, 100); steps > 0; --steps) {
    now += some_time();
    const auto cost = *rc::gen::inRange<std::uint32_t>(1, rule.burst + 1);
    const bool expected = model.take(now, cost);
    const decision made = bucket.take(rule, now, cost);
    RC_ASSERT(made.allowed == expected);
    RC_ASSERT(made.remaining == static_cast<std::uint32_t>(model.held / each));
    RC_ASSERT(made.reset == model.depth - model.held);
    if (made.allowed && *rc::gen::inRange(0, 4) == 0) {
      bucket.give_back(made);
      model.held += each * cost;
    }
    if (made.allowed) continue;
    token_bucket early = bucket;
    RC_ASSERT(!early.take(rule, now + made.retry_after - nanoseconds(1), cost).allowed);
    token_bucket in_time = bucket;
    RC_ASSERT(in_time.take(rule, now + made.retry_after, cost).allowed);
  }
  token_bucket again = bucket;
  token_bucket unused;
  const nanoseconds idle = std::max(bucket.idle_at(rule), now);
  RC_ASSERT(again.take(rule, idle, 1).remaining == unused.take(rule, idle, 1).remaining);
}

RC_GTEST_PROP(sliding_window, decides_like_a_full_record, ()) {
  const sliding_window_rule rule{.limit = *rc::gen::inRange<std::uint32_t>(1, 20),
                                 .per = milliseconds(*rc::gen::element(1, 10, 1000))};
  std::vector<nanoseconds> record;
  sliding_window window;
  nanoseconds now(1);
  for (int steps = *rc::gen::inRange(1, 200); steps > 0; --steps) {
    now += some_time();
    const auto cost = *rc::gen::inRange<std::uint32_t>(1, rule.limit + 1);
    const auto in_window = [&](nanoseconds moment) {
      return static_cast<std::uint32_t>(
          std::ranges::count_if(record, [&](nanoseconds one) { return one + rule.per > moment; }));
    };
    const decision made = window.take(rule, now, cost);
    RC_ASSERT(made.allowed == (in_window(now) + cost <= rule.limit));
    if (made.allowed) record.insert(record.end(), cost, std::chrono::ceil<milliseconds>(now));
    RC_ASSERT(made.remaining == rule.limit - in_window(now));
    if (made.allowed && *rc::gen::inRange(0, 4) == 0) {
      window.give_back(made, cost);
      record.resize(record.size() - cost);
    }
    if (made.allowed) continue;
    sliding_window early = window;
    RC_ASSERT(!early.take(rule, now + made.retry_after - nanoseconds(1), cost).allowed);
    sliding_window in_time = window;
    RC_ASSERT(in_time.take(rule, now + made.retry_after, cost).allowed);
  }
}

}  // namespace
}  // namespace sluice::limits
