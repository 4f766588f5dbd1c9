// What becomes of limits while their common count is away.
#include "limits/limiter_fallback.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

namespace sluice::limits {
namespace {

template <class T>
T wait_for(task<T> work) {
  asio::io_context loop(1);
  auto value = asio::co_spawn(loop.get_executor(), std::move(work), asio::use_future);
  loop.run();
  return value.get();
}

// A common count that goes away when told.
class shaky_limiter final : public limiter {
 public:
  explicit shaky_limiter(const bool& away) : away_(away) {}
  task<result<decision>> take(const limit& by, std::string_view key, std::uint32_t cost) override {
    if (away_) co_return failure(error_reason::unavailable, "away");
    co_return co_await counts_.take(by, key, cost);
  }
  task<result<void>> give_back(const limit& by, std::string_view key, const decision& taken,
                               std::uint32_t cost) override {
    if (away_) co_return failure(error_reason::unavailable, "away");
    co_return co_await counts_.give_back(by, key, taken, cost);
  }

 private:
  const bool& away_;
  limiter_memory counts_;
};

class limiter_fallback_test : public ::testing::TestWithParam<limit> {
 protected:
  result<decision> take(limiter& from) { return wait_for(from.take(GetParam(), "k")); }
  int allowed_of(limiter& from, int times) {
    int allowed = 0;
    for (int i = 0; i < times; ++i)
      allowed += static_cast<int>(take(from).value().allowed);
    return allowed;
  }
  bool away = false;
};

TEST_P(limiter_fallback_test, counts_for_itself_while_the_others_cannot_be_asked) {
  limiter_fallback limits(std::make_unique<shaky_limiter>(away), when_away::local,
                          telemetry::logger({.level = telemetry::log_level::off}));
  EXPECT_EQ(allowed_of(limits, 5), 3);
  away = true;
  EXPECT_EQ(allowed_of(limits, 5), 3);
  away = false;
  EXPECT_EQ(allowed_of(limits, 5), 0);
}

TEST_P(limiter_fallback_test, gives_back_to_whom_it_took_from) {
  limiter_fallback limits(std::make_unique<shaky_limiter>(away), when_away::local,
                          telemetry::logger({.level = telemetry::log_level::off}));
  const decision common = take(limits).value();
  EXPECT_EQ(allowed_of(limits, 5), 2);
  away = true;
  const decision local = take(limits).value();
  EXPECT_EQ(allowed_of(limits, 5), 2);
  EXPECT_FALSE(wait_for(limits.give_back(GetParam(), "k", common)));
  EXPECT_EQ(allowed_of(limits, 5), 0);
  EXPECT_TRUE(wait_for(limits.give_back(GetParam(), "k", local)));
  EXPECT_EQ(allowed_of(limits, 5), 1);
  away = false;
  EXPECT_TRUE(wait_for(limits.give_back(GetParam(), "k", local)));
  EXPECT_EQ(allowed_of(limits, 5), 0);
  EXPECT_TRUE(wait_for(limits.give_back(GetParam(), "k", common)));
  EXPECT_EQ(allowed_of(limits, 5), 1);
}

TEST_P(limiter_fallback_test, lets_everything_pass_or_nothing) {
  away = true;
  limiter_fallback open(std::make_unique<shaky_limiter>(away), when_away::open,
                        telemetry::logger({.level = telemetry::log_level::off}));
  EXPECT_EQ(allowed_of(open, 100), 100);
  const decision free = take(open).value();
  EXPECT_EQ(free.limit, 3U);
  away = false;
  EXPECT_TRUE(wait_for(open.give_back(GetParam(), "k", free)));
  EXPECT_EQ(allowed_of(open, 5), 3);
  away = true;
  limiter_fallback closed(std::make_unique<shaky_limiter>(away), when_away::closed,
                          telemetry::logger({.level = telemetry::log_level::off}));
  EXPECT_EQ(take(closed).error().reason, error_reason::unavailable);
}

INSTANTIATE_TEST_SUITE_P(
    rules, limiter_fallback_test,
    ::testing::Values(limit{.name = "bucket", .rule = token_bucket_rule{.rate = 0.001, .burst = 3}},
                      limit{.name = "window", .rule = sliding_window_rule{.limit = 3, .per = std::chrono::hours(1)}}));

}  // namespace
}  // namespace sluice::limits
