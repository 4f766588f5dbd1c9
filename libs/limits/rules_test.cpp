// The two rules at work, step by step.
#include <gtest/gtest.h>

#include "limits/sliding_window.hpp"
#include "limits/token_bucket.hpp"

namespace sluice::limits {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

TEST(token_bucket, gives_a_burst_and_then_the_rate) {
  const token_bucket_rule rule{.rate = 2, .burst = 3};
  token_bucket bucket;
  nanoseconds now = 1h;
  for (std::uint32_t left : {2U, 1U, 0U}) {
    const decision made = bucket.take(rule, now, 1);
    EXPECT_TRUE(made.allowed);
    EXPECT_EQ(made.limit, 3U);
    EXPECT_EQ(made.remaining, left);
    EXPECT_EQ(made.reset, (3 - left) * 500ms);
  }
  const decision refused = bucket.take(rule, now, 1);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.remaining, 0U);
  EXPECT_EQ(refused.retry_after, 500ms);
  EXPECT_EQ(refused.reset, 1500ms);
  now += 500ms - 1ns;
  EXPECT_FALSE(bucket.take(rule, now, 1).allowed);
  now += 1ns;
  EXPECT_TRUE(bucket.take(rule, now, 1).allowed);
  EXPECT_FALSE(bucket.take(rule, now, 1).allowed);
  now += 1h;
  EXPECT_TRUE(bucket.take(rule, now, 3).allowed);
  EXPECT_FALSE(bucket.take(rule, now, 1).allowed);
}

TEST(token_bucket, gives_back) {
  const token_bucket_rule rule{.rate = 0.001, .burst = 2};
  token_bucket bucket;
  const decision first = bucket.take(rule, 0s, 2);
  EXPECT_EQ(bucket.take(rule, 0s, 1).retry_after, 1000s);
  bucket.give_back(first);
  EXPECT_EQ(bucket.take(rule, 0s, 1).remaining, 1U);
}

TEST(token_bucket, never_allows_more_than_its_burst_at_once) {
  token_bucket bucket;
  const decision refused = bucket.take({.rate = 1, .burst = 2}, 1h, 3);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.remaining, 2U);
  EXPECT_FALSE(bucket.take({.rate = 1, .burst = 2}, 1h, 4'000'000'000).allowed);
}

TEST(token_bucket, bears_the_extremes) {
  token_bucket slow;
  const token_bucket_rule yearly{.rate = 1.0 / 31'536'000, .burst = 1};
  EXPECT_TRUE(slow.take(yearly, 1h, 1).allowed);
  EXPECT_EQ(std::chrono::round<std::chrono::days>(slow.take(yearly, 1h, 1).retry_after).count(), 365);
  token_bucket fast;
  const token_bucket_rule million{.rate = 1e6, .burst = 1'000'000};
  EXPECT_TRUE(fast.take(million, 1h, 1'000'000).allowed);
  EXPECT_EQ(fast.take(million, 1h, 1).retry_after, 1us);
}

TEST(sliding_window, lets_so_many_pass_in_any_span) {
  const sliding_window_rule rule{.limit = 3, .per = 10s};
  sliding_window window;
  EXPECT_EQ(window.take(rule, 100s, 1).remaining, 2U);
  EXPECT_EQ(window.take(rule, 104s, 1).remaining, 1U);
  EXPECT_EQ(window.take(rule, 104s, 1).remaining, 0U);
  const decision refused = window.take(rule, 105s, 1);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, 5s);
  EXPECT_EQ(refused.reset, 9s);
  EXPECT_EQ(window.take(rule, 105s, 2).retry_after, 9s);
  EXPECT_FALSE(window.take(rule, 110s - 1ns, 1).allowed);
  EXPECT_TRUE(window.take(rule, 110s, 1).allowed);
  EXPECT_EQ(window.take(rule, 110s, 1).retry_after, 4s);
}

TEST(sliding_window, forgets_nothing_too_early) {
  const sliding_window_rule rule{.limit = 1, .per = 1s};
  sliding_window window;
  EXPECT_TRUE(window.take(rule, 100ms + 1ns, 1).allowed);
  EXPECT_FALSE(window.take(rule, 1100ms, 1).allowed);
  EXPECT_EQ(window.take(rule, 1100ms + 500ns, 1).retry_after, 1ms - 500ns);
  EXPECT_TRUE(window.take(rule, 1101ms, 1).allowed);
}

TEST(sliding_window, gives_back) {
  const sliding_window_rule rule{.limit = 2, .per = 1s};
  sliding_window window;
  const decision first = window.take(rule, 1s, 1);
  const decision second = window.take(rule, 1500ms, 1);
  window.give_back(first, 1);
  EXPECT_EQ(window.take(rule, 1600ms, 1).remaining, 0U);
  window.give_back(second, 1);
  EXPECT_EQ(window.idle_at(rule), 2600ms);
  window.give_back(second, 1);
  EXPECT_EQ(window.take(rule, 1600ms, 1).remaining, 0U);
}

TEST(sliding_window, refuses_for_ever_what_is_more_than_the_limit) {
  sliding_window window;
  const decision refused = window.take({.limit = 2, .per = 1s}, 1s, 3);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.remaining, 2U);
}

}  // namespace
}  // namespace sluice::limits
