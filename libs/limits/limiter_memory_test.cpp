#include "limits/limiter_memory.hpp"

#include <atomic>
#include <latch>
#include <string>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

namespace sluice::limits {
namespace {

using namespace std::chrono_literals;

template <class T>
T wait_for(task<T> work) {
  asio::io_context loop(1);
  auto value = asio::co_spawn(loop.get_executor(), std::move(work), asio::use_future);
  loop.run();
  return value.get();
}

const limit bucket{.name = "bucket", .rule = token_bucket_rule{.rate = 1, .burst = 2}};
const limit window{.name = "window", .rule = sliding_window_rule{.limit = 2, .per = 1s}};

class limiter_memory_test : public ::testing::Test {
 protected:
  bool takes(const limit& by, std::string_view key) { return wait_for(counts.take(by, key)).value().allowed; }

  std::chrono::nanoseconds now = 1h;
  limiter_memory counts{{.keys_max = 1000, .shards = 1}, [this] { return now; }};
};

TEST_F(limiter_memory_test, counts_each_key_under_each_limit) {
  for (const limit* by : {&bucket, &window}) {
    for (const char* key : {"a", "b", ""}) {
      EXPECT_TRUE(takes(*by, key));
      EXPECT_TRUE(takes(*by, key));
      EXPECT_FALSE(takes(*by, key));
    }
  }
  EXPECT_EQ(counts.size(), 6U);
  now += 1s;
  EXPECT_TRUE(takes(bucket, "a"));
  EXPECT_FALSE(takes(bucket, "a"));
  EXPECT_TRUE(takes(window, "a"));
  EXPECT_TRUE(takes(window, "a"));
}

TEST_F(limiter_memory_test, does_not_mix_up_names_and_keys) {
  const limit a{.name = "a", .rule = bucket.rule};
  const limit ab{.name = "ab", .rule = bucket.rule};
  takes(a, "bc");
  takes(a, "bc");
  EXPECT_FALSE(takes(a, "bc"));
  EXPECT_TRUE(takes(ab, "c"));
}

TEST_F(limiter_memory_test, gives_back) {
  for (const limit* by : {&bucket, &window}) {
    takes(*by, "a");
    const decision second = wait_for(counts.take(*by, "a")).value();
    EXPECT_TRUE(wait_for(counts.give_back(*by, "a", second)));
    EXPECT_TRUE(takes(*by, "a"));
    EXPECT_FALSE(takes(*by, "a"));
    EXPECT_TRUE(wait_for(counts.give_back(*by, "never seen", second)));
  }
}

TEST_F(limiter_memory_test, begins_anew_where_a_name_gets_another_rule) {
  takes(bucket, "a");
  takes(bucket, "a");
  EXPECT_TRUE(takes({.name = "bucket", .rule = window.rule}, "a"));
}

TEST_F(limiter_memory_test, forgets_the_idle) {
  for (int i = 0; i < 500; ++i)
    takes(bucket, "old" + std::to_string(i));
  now += 1s;
  for (int i = 0; i < 900; ++i)
    takes(bucket, "new" + std::to_string(i));
  EXPECT_LE(counts.size(), 1000U);
  for (int i = 0; i < 900; ++i)
    EXPECT_EQ(wait_for(counts.take(bucket, "new" + std::to_string(i))).value().remaining, 0U);
}

TEST_F(limiter_memory_test, a_flood_of_new_keys_frees_nobody_who_has_reached_his_limit) {
  for (const limit* by : {&bucket, &window}) {
    takes(*by, "guilty");
    takes(*by, "guilty");
  }
  for (int i = 0; i < 20'000; ++i)
    EXPECT_TRUE(takes(i % 2 == 0 ? bucket : window, "flood" + std::to_string(i)));
  EXPECT_LE(counts.size(), 1000U);
  EXPECT_FALSE(takes(bucket, "guilty"));
  EXPECT_FALSE(takes(window, "guilty"));
}

TEST_F(limiter_memory_test, refuses_new_keys_when_all_have_reached_their_limits) {
  const limit once{.name = "once", .rule = sliding_window_rule{.limit = 1, .per = 1s}};
  for (int i = 0; i < 1000; ++i)
    EXPECT_TRUE(takes(once, std::to_string(i)));
  const auto refused = wait_for(counts.take(once, "one more"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, error_reason::unavailable);
  EXPECT_FALSE(takes(once, "1"));
  now += 1s;
  EXPECT_TRUE(takes(once, "one more"));
}

task<> take_often(limiter& counts, const limit& by, int times, std::atomic<int>& allowed) {
  for (int i = 0; i < times; ++i) {
    if ((co_await counts.take(by, "one")).value().allowed) ++allowed;
  }
}

TEST(limiter_memory, lets_exactly_the_limit_pass_on_any_number_of_threads) {
  const limit long_bucket{.name = "bucket", .rule = token_bucket_rule{.rate = 0.001, .burst = 1000}};
  const limit long_window{.name = "window", .rule = sliding_window_rule{.limit = 1000, .per = 1h}};
  limiter_memory counts;
  for (const limit* by : {&long_bucket, &long_window}) {
    std::atomic<int> allowed = 0;
    std::latch begin(8);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&counts, by, &allowed, &begin] {
        begin.arrive_and_wait();
        wait_for(take_often(counts, *by, 500, allowed));
      });
    }
    for (std::thread& one : threads)
      one.join();
    EXPECT_EQ(allowed, 1000) << by->name;
  }
}

}  // namespace
}  // namespace sluice::limits
