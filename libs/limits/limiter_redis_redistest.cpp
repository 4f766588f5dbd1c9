// Limits on a real Redis: one for all nodes, and what becomes of them without it.
#include <atomic>
#include <future>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "async/worker_pool.hpp"
#include "limits/limiter_fallback.hpp"
#include "limits/limiter_redis.hpp"
#include "state/redis_testing.hpp"

namespace sluice::limits {
namespace {

using namespace std::chrono_literals;

const limit bucket{.name = "bucket", .rule = token_bucket_rule{.rate = 0.001, .burst = 100}};
const limit window{.name = "window", .rule = sliding_window_rule{.limit = 100, .per = 1h}};

class limiter_redis_redistest : public ::testing::Test {
 protected:
  limiter_redis_redistest() {
    workers.start();
    wait_until_there();
  }
  ~limiter_redis_redistest() override { workers.stop(); }

  std::shared_ptr<state::redis_client> make_client() {
    return std::make_shared<state::redis_client>(workers[0].get_executor(), server.settings(), log, nullptr);
  }
  template <class T>
  std::future<T> begin(task<T> work, std::size_t worker = 0) {
    return asio::co_spawn(workers[worker].get_executor(), std::move(work), asio::use_future);
  }
  template <class T>
  T run(task<T> work) {
    return begin(std::move(work)).get();
  }
  void wait_until_there() {
    for (const auto& each : {one, two}) {
      while (!run(each->check())) {
      }
    }
  }
  decision take(limiter& from, const limit& by, std::string key = "k", std::uint32_t cost = 1) {
    auto made = run(from.take(by, key, cost));
    EXPECT_TRUE(made) << made.error().detail;
    return made.value_or(decision{});
  }

  state::testing::redis_server server;
  telemetry::logger log{{.level = telemetry::log_level::off}};
  async::worker_pool workers{2};
  std::shared_ptr<state::redis_client> one = make_client();
  std::shared_ptr<state::redis_client> two = make_client();
};

task<> take_one(limiter& from, const limit& by, std::atomic<int>& allowed) {
  if ((co_await from.take(by, "one")).value().allowed) ++allowed;
}

TEST_F(limiter_redis_redistest, lets_exactly_the_limit_pass_over_two_nodes) {
  limiter_redis here(one);
  limiter_redis there(two);
  for (const limit* by : {&bucket, &window}) {
    std::atomic<int> allowed = 0;
    std::vector<std::future<void>> all;
    for (std::size_t i = 0; i < 200; ++i)
      all.push_back(begin(take_one(i % 2 == 0 ? here : there, *by, allowed), i % 2));
    for (auto& each : all)
      each.get();
    EXPECT_EQ(allowed, 100) << by->name;
  }
}

TEST_F(limiter_redis_redistest, decides_as_the_rules_in_memory_do) {
  limiter_redis counts(one);
  limiter_memory model;
  for (const limit& by : {limit{.name = "b", .rule = token_bucket_rule{.rate = 0.001, .burst = 5}},
                          limit{.name = "w", .rule = sliding_window_rule{.limit = 5, .per = 1h}}}) {
    for (const std::uint32_t cost : {1U, 3U, 2U, 6U, 1U, 1U, 4'000'000'000U}) {
      const decision real = take(counts, by, "k", cost);
      const decision plain = run(model.take(by, "k", cost)).value();
      EXPECT_EQ(real.allowed, plain.allowed) << by.name << cost;
      EXPECT_EQ(real.remaining, plain.remaining) << by.name << cost;
      EXPECT_EQ(real.limit, plain.limit);
      EXPECT_LT(std::chrono::abs(real.retry_after - plain.retry_after), 5s) << by.name << cost;
      EXPECT_LT(std::chrono::abs(real.reset - plain.reset), 5s) << by.name << cost;
    }
    EXPECT_TRUE(take(counts, by, std::string(100'000, '}')).allowed);
  }
  const limit yearly{.name = "y", .rule = token_bucket_rule{.rate = 1.0 / 31'536'000, .burst = 1}};
  EXPECT_TRUE(take(counts, yearly).allowed);
  EXPECT_EQ(std::chrono::round<std::chrono::days>(take(counts, yearly).retry_after).count(), 365);
}

TEST_F(limiter_redis_redistest, gives_back_and_lets_pass_again_when_it_says_so) {
  limiter_redis counts(one);
  for (const limit& by : {limit{.name = "b", .rule = token_bucket_rule{.rate = 10, .burst = 2}},
                          limit{.name = "w", .rule = sliding_window_rule{.limit = 2, .per = 200ms}}}) {
    const decision first = take(counts, by, "k", 2);
    EXPECT_TRUE(first.allowed);
    EXPECT_TRUE(run(counts.give_back(by, "k", first, 2)));
    EXPECT_TRUE(run(counts.give_back(by, "never seen", first, 2)));
    EXPECT_TRUE(take(counts, by, "k", 2).allowed);
    const auto since = std::chrono::steady_clock::now();
    const decision refused = take(counts, by);
    EXPECT_FALSE(refused.allowed);
    EXPECT_GT(refused.retry_after, 0ns);
    while (!take(counts, by).allowed) {
    }
    EXPECT_GE(std::chrono::steady_clock::now() - since, refused.retry_after) << by.name;
  }
}

TEST_F(limiter_redis_redistest, without_it_does_as_it_was_told) {
  const limit two_only{.name = "two", .rule = sliding_window_rule{.limit = 2, .per = 1h}};
  limiter_fallback open(std::make_unique<limiter_redis>(one), when_away::open);
  limiter_fallback local(std::make_unique<limiter_redis>(one), when_away::local);
  limiter_fallback closed(std::make_unique<limiter_redis>(one), when_away::closed);
  const decision shared = take(local, two_only);
  server.kill();
  while (run(one->check())) {
  }
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(take(open, two_only).allowed);
  const decision mine = take(local, two_only);
  EXPECT_TRUE(mine.allowed);
  EXPECT_TRUE(take(local, two_only).allowed);
  EXPECT_FALSE(take(local, two_only).allowed);
  EXPECT_FALSE(run(local.give_back(two_only, "k", shared)));  // what Redis counted is not given back here
  EXPECT_FALSE(take(local, two_only).allowed);
  EXPECT_TRUE(run(local.give_back(two_only, "k", mine)));
  EXPECT_TRUE(take(local, two_only).allowed);
  EXPECT_EQ(run(closed.take(two_only, "k")).error().reason, error_reason::unavailable);
  server.start();
  wait_until_there();
  for (limiter* each : {static_cast<limiter*>(&open), static_cast<limiter*>(&closed)})
    EXPECT_TRUE(take(*each, two_only).allowed);
  EXPECT_FALSE(take(local, two_only).allowed);  // one count for all again
}

}  // namespace
}  // namespace sluice::limits
