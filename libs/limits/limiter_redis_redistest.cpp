// Limits on a real Redis decide as those in memory do, for all nodes together.
#include <atomic>
#include <future>
#include <memory>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "async/worker_pool.hpp"
#include "limits/limiter_memory.hpp"
#include "limits/limiter_redis.hpp"
#include "state/redis_testing.hpp"

namespace sluice::limits {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using std::chrono::milliseconds;

state::testing::redis_server& server() {
  static state::testing::redis_server one;
  return one;
}

// Two nodes.
struct bench {
  bench() {
    state::redis_settings told = server().settings();
    told.timeout = 5s;
    for (std::size_t i = 0; i < 2; ++i)
      clients[i] = std::make_shared<state::redis_client>(workers[i].get_executor(), told, log, nullptr);
    workers.start();
    for (const auto& each : clients) {
      while (!run(each->check())) {
      }
    }
  }
  ~bench() { workers.stop(); }
  template <class T>
  T run(task<T> work) {
    return asio::co_spawn(workers[0].get_executor(), std::move(work), asio::use_future).get();
  }

  telemetry::logger log{{.level = telemetry::log_level::off}};
  async::worker_pool workers{2};
  std::array<std::shared_ptr<state::redis_client>, 2> clients;
};

bench& nodes() {
  server();  // goes last
  static bench one;
  return one;
}

// A key that nothing was counted under yet.
std::string new_key() {
  static std::atomic<int> number = 0;
  return "key" + std::to_string(++number);
}

// Steps that are long beside the time a test takes: what ends in Redis by itself does so by its real clock.
milliseconds some_time() {
  return *rc::gen::element<milliseconds>(0ms, 0ms, 1ms, 999ms, 1min, 59min, 1h, 3h);
}

void decides_alike(const limit& by, std::uint32_t most) {
  microseconds now = 500'000h + microseconds(*rc::gen::inRange(0, 1'000'000));
  limiter_memory expected({}, [&now] { return now; });
  limiter_redis limits(nodes().clients[0], [&now] { return now; });
  const std::string key = new_key();
  for (int steps = *rc::gen::inRange(1, 60); steps > 0; --steps) {
    now += some_time() + microseconds(*rc::gen::element(0, 0, 1, 999, 1000));
    const auto cost = *rc::gen::inRange<std::uint32_t>(1, most + 2);
    const decision told = nodes().run(expected.take(by, key, cost)).value();
    const auto asked = nodes().run(limits.take(by, key, cost));
    RC_ASSERT(asked.has_value());
    RC_ASSERT(asked->allowed == told.allowed);
    RC_ASSERT(asked->limit == told.limit);
    RC_ASSERT(asked->remaining == told.remaining);
    RC_ASSERT(asked->reset.count() == told.reset.count());
    RC_ASSERT(asked->retry_after.count() == told.retry_after.count());
    RC_ASSERT(asked->receipt == told.receipt);
    if (!told.allowed || *rc::gen::inRange(0, 3) != 0) continue;
    now += some_time();
    RC_ASSERT(nodes().run(expected.give_back(by, key, told, cost)).has_value());
    RC_ASSERT(nodes().run(limits.give_back(by, key, *asked, cost)).has_value());
  }
}

RC_GTEST_PROP(limiter_redis, fills_buckets_as_memory_does, ()) {
  const token_bucket_rule rule{.rate = *rc::gen::element(0.0001, 0.0003, 0.001, 0.01),
                               .burst = *rc::gen::inRange<std::uint32_t>(1, 300)};
  decides_alike({.name = "bucket", .rule = rule}, rule.burst);
}

RC_GTEST_PROP(limiter_redis, keeps_windows_as_memory_does, ()) {
  const sliding_window_rule rule{.limit = *rc::gen::inRange<std::uint32_t>(1, 20),
                                 .per = *rc::gen::element<milliseconds>(1min, 1h, 31 * 24h)};
  decides_alike({.name = "window", .rule = rule}, rule.limit);
}

task<> take_often(limiter& counts, limit by, std::string key, int times, std::atomic<int>& allowed) {
  for (int i = 0; i < times; ++i) {
    const auto made = co_await counts.take(by, key);
    if (made.value().allowed) ++allowed;
  }
}

TEST(limiter_redis, lets_exactly_the_limit_pass_on_all_nodes_together) {
  limiter_redis here(nodes().clients[0]);
  const std::string key = new_key();
  limiter_redis there(nodes().clients[1]);
  for (const limit& by : {limit{.name = "all-bucket", .rule = token_bucket_rule{.rate = 0.0001, .burst = 120}},
                          limit{.name = "all-window", .rule = sliding_window_rule{.limit = 120, .per = 1h}}}) {
    std::atomic<int> allowed = 0;
    std::vector<std::future<void>> done;
    for (std::size_t i = 0; i < 200; ++i) {
      done.push_back(asio::co_spawn(nodes().workers[i % 2].get_executor(),
                                    take_often(i % 3 == 0 ? here : there, by, key, 2, allowed), asio::use_future));
    }
    for (auto& one : done)
      one.get();
    EXPECT_EQ(allowed, 120) << by.name;
  }
}

TEST(limiter_redis, forgets_by_its_own_clock) {
  limiter_redis limits(nodes().clients[0]);
  const std::string key = new_key();
  for (const limit& by : {limit{.name = "bucket", .rule = token_bucket_rule{.rate = 5, .burst = 1}},
                          limit{.name = "window", .rule = sliding_window_rule{.limit = 1, .per = 200ms}}}) {
    ASSERT_TRUE(nodes().run(limits.take(by, key))->allowed) << by.name;
    const decision refused = nodes().run(limits.take(by, key)).value();
    ASSERT_FALSE(refused.allowed) << by.name;
    EXPECT_LE(refused.retry_after, 201ms);
    // Redis' clock cannot be turned.
    steady_timer(nodes().workers[0].get_executor(), refused.retry_after).wait();
    EXPECT_TRUE(nodes().run(limits.take(by, key))->allowed) << by.name;
  }
}

TEST(limiter_redis, does_not_mix_up_names_keys_and_rules) {
  limiter_redis limits(nodes().clients[0]);
  ASSERT_TRUE(nodes().run(nodes().clients[0]->call({"FLUSHDB"})));
  const token_bucket_rule once{.rate = 0.001, .burst = 1};
  const auto takes = [&](const limit& by, std::string_view key) { return nodes().run(limits.take(by, key))->allowed; };
  EXPECT_TRUE(takes({.name = "a", .rule = once}, "b}:c"));
  EXPECT_FALSE(takes({.name = "a", .rule = once}, "b}:c"));
  EXPECT_TRUE(takes({.name = "a:{b", .rule = once}, "}:c"));
  EXPECT_TRUE(takes({.name = "a", .rule = once}, std::string("\0\r\n", 3)));
  EXPECT_TRUE(takes({.name = "a", .rule = once}, ""));
  EXPECT_TRUE(takes({.name = "a", .rule = sliding_window_rule{.limit = 1, .per = 1h}}, "b}:c"));
  EXPECT_TRUE(takes({.name = "a", .rule = once}, std::string(100'000, 'x')));
  EXPECT_FALSE(takes({.name = "a", .rule = once}, std::string(100'000, 'x')));
}

TEST(limiter_redis, is_not_stopped_for_long_by_a_clock_that_was_turned_back) {
  microseconds now = 500'000h;
  limiter_redis limits(nodes().clients[0], [&now] { return now; });
  const std::string key = new_key();
  for (const limit& by : {limit{.name = "bucket", .rule = token_bucket_rule{.rate = 0.001, .burst = 2}},
                          limit{.name = "window", .rule = sliding_window_rule{.limit = 2, .per = 30min}}}) {
    now = 500'000h;
    ASSERT_TRUE(nodes().run(limits.take(by, key, 2))->allowed) << by.name;
    now -= 1000h;
    static_cast<void>(nodes().run(limits.take(by, key, 2)));
    now += 40min;
    EXPECT_TRUE(nodes().run(limits.take(by, key, 2))->allowed) << by.name;
  }
}

TEST(limiter_redis, fails_where_something_else_is_under_its_key) {
  limiter_redis limits(nodes().clients[0]);
  const limit by{.name = "foreign", .rule = token_bucket_rule{}};
  ASSERT_TRUE(nodes().run(limits.take(by, "k")));
  const std::string key = nodes().run(nodes().clients[0]->call({"KEYS", "sluice:bucket:foreign:*"}))->items.at(0).text;
  ASSERT_TRUE(nodes().run(nodes().clients[0]->call({"SET", key, "nonsense"})));
  EXPECT_EQ(nodes().run(limits.take(by, "k")).error().reason, error_reason::internal);
  ASSERT_TRUE(nodes().run(nodes().clients[0]->call({"DEL", key})));
  EXPECT_TRUE(nodes().run(limits.take(by, "k"))->allowed);
}

}  // namespace
}  // namespace sluice::limits
