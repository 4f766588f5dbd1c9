#include "state/shared_state_memory.hpp"

#include <atomic>
#include <future>
#include <map>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sluice::state {
namespace {

using namespace std::chrono_literals;

// What the memory does not need a loop for, but its face does.
template <class T>
T wait_for(task<T> work) {
  asio::io_context loop(1);
  auto value = asio::co_spawn(loop.get_executor(), std::move(work), asio::use_future);
  loop.run();
  return value.get();
}

class shared_state_memory_test : public ::testing::Test {
 protected:
  void put(std::string key, std::string value, std::chrono::milliseconds lifetime = 1s) {
    ASSERT_TRUE(wait_for(state.put(std::move(key), std::move(value), lifetime)));
  }
  std::optional<std::string> get(std::string key) { return wait_for(state.get(std::move(key))).value(); }
  std::optional<std::string> take(std::string key) { return wait_for(state.take(std::move(key))).value(); }
  std::int64_t add(std::string key, std::int64_t amount) {
    return wait_for(state.add(std::move(key), amount, 1s)).value();
  }

  shared_state_memory::time_point now{1h};
  shared_state_memory state{{.bytes_max = 4096, .shards = 1}, [this] { return now; }};
};

TEST_F(shared_state_memory_test, keeps_a_value_for_its_time) {
  put("a", "1", 1s);
  EXPECT_EQ(get("a"), "1");
  now += 999ms;
  EXPECT_EQ(get("a"), "1");
  now += 1ms;
  EXPECT_EQ(get("a"), std::nullopt);
  EXPECT_EQ(get("b"), std::nullopt);
}

TEST_F(shared_state_memory_test, replaces_a_value_and_its_time) {
  put("a", "1", 1s);
  now += 900ms;
  put("a", "2", 1s);
  now += 900ms;
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(state.size(), 1U);
}

TEST_F(shared_state_memory_test, gives_a_value_away_once) {
  put("a", "1");
  EXPECT_EQ(take("a"), "1");
  EXPECT_EQ(take("a"), std::nullopt);
  put("a", "2", 1s);
  now += 1s;
  EXPECT_EQ(take("a"), std::nullopt);
}

TEST_F(shared_state_memory_test, sets_only_what_is_absent) {
  EXPECT_EQ(wait_for(state.put_if_absent("a", "1", 1s)), true);
  EXPECT_EQ(wait_for(state.put_if_absent("a", "2", 1s)), false);
  EXPECT_EQ(get("a"), "1");
  now += 1s;
  EXPECT_EQ(wait_for(state.put_if_absent("a", "3", 1s)), true);
  EXPECT_EQ(get("a"), "3");
}

TEST_F(shared_state_memory_test, counts_from_the_first_for_a_time) {
  EXPECT_EQ(add("c", 0), 0);
  EXPECT_EQ(state.size(), 0U);
  EXPECT_EQ(add("c", 2), 2);
  now += 900ms;
  EXPECT_EQ(add("c", -5), -3);
  EXPECT_EQ(add("c", 0), -3);
  now += 100ms;
  EXPECT_EQ(add("c", 1), 1);
  EXPECT_EQ(add("c", std::numeric_limits<std::int64_t>::max()), std::numeric_limits<std::int64_t>::max());
}

TEST_F(shared_state_memory_test, does_not_take_one_kind_for_the_other) {
  put("a", "1");
  EXPECT_EQ(wait_for(state.add("a", 1, 1s)).error().reason, error_reason::internal);
  add("c", 1);
  EXPECT_EQ(wait_for(state.get("c")).error().reason, error_reason::internal);
  EXPECT_EQ(wait_for(state.put("c", "1", 1s)).error().reason, error_reason::internal);
  EXPECT_EQ(wait_for(state.remove("c")), true);
  EXPECT_EQ(wait_for(state.remove("c")), false);
  put("c", "1");
}

TEST_F(shared_state_memory_test, refuses_new_keys_when_it_is_full_and_forgets_none) {
  int counters = 0;
  while (wait_for(state.add("counter:" + std::to_string(counters), 1, 1s)))
    ++counters;
  EXPECT_GT(counters, 10);
  EXPECT_EQ(add("counter:0", 1), 2);
  // The flood of counters leaves the room of values alone.
  int values = 0;
  result<void> done;
  for (; (done = wait_for(state.put("value:" + std::to_string(values), "x", 2s))); ++values) {
  }
  EXPECT_GT(values, 10);
  EXPECT_EQ(done.error().reason, error_reason::unavailable);
  put("value:0", "y", 2s);
  EXPECT_EQ(get("value:0"), "y");
  now += 1s;
  EXPECT_EQ(add("counter:new", 1), 1);
  state.sweep();
  EXPECT_EQ(state.size(), static_cast<std::size_t>(values) + 1);
  now += 1s;
  state.sweep();
  EXPECT_EQ(state.size(), 0U);
}

TEST_F(shared_state_memory_test, removes_what_has_ended_on_the_way) {
  for (int i = 0; i < 8; ++i)
    put("a" + std::to_string(i), "1");
  now += 1s;
  get("b");
  get("b");
  EXPECT_EQ(state.size(), 0U);
}

task<> take_and_count(shared_state& state, std::atomic<int>& got, std::int64_t& sum) {
  for (int i = 0; i < 1000; ++i) {
    if ((co_await state.take("ticket:" + std::to_string(i))).value()) ++got;
    sum = (co_await state.add("counter", 1, 1h)).value();
  }
}

TEST(shared_state_memory, gives_each_value_to_one_thread_and_counts_all) {
  shared_state_memory state;
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(wait_for(state.put("ticket:" + std::to_string(i), "x", 1h)));
  std::atomic<int> got = 0;
  std::vector<std::thread> threads;
  std::vector<std::int64_t> sums(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&state, &got, &sum = sums[static_cast<std::size_t>(i)]] {
      asio::io_context loop(1);
      auto done = asio::co_spawn(loop.get_executor(), take_and_count(state, got, sum), asio::use_future);
      loop.run();
      done.get();
    });
  }
  for (std::thread& one : threads)
    one.join();
  EXPECT_EQ(got, 1000);
  EXPECT_EQ(*std::ranges::max_element(sums), 4000);
}

// Against a table without tricks: whatever is asked in whatever order, the answers are the same.
RC_GTEST_PROP(shared_state_memory, answers_like_a_plain_table, ()) {
  struct plain {
    std::string value;
    std::int64_t end;
  };
  std::map<std::string, plain> model;
  std::int64_t at = 0;
  const auto clock = [&at] { return shared_state_memory::time_point(std::chrono::milliseconds(at)); };
  shared_state_memory state({.bytes_max = 1U << 20, .shards = 2}, clock);
  const int steps = *rc::gen::inRange(1, 200);
  for (int i = 0; i < steps; ++i) {
    at += *rc::gen::inRange(0, 4);
    std::erase_if(model, [at](const auto& one) { return one.second.end <= at; });
    const std::string key(1, *rc::gen::inRange('a', 'f'));
    const auto lifetime = *rc::gen::inRange<std::int64_t>(1, 20);
    const auto found = model.find(key);
    const auto expected = found == model.end() ? std::nullopt : std::optional(found->second.value);
    const std::string value = std::to_string(i);
    switch (*rc::gen::inRange(0, 5)) {
      case 0:
        RC_ASSERT(wait_for(state.put(key, value, std::chrono::milliseconds(lifetime))).has_value());
        model[key] = {value, at + lifetime};
        break;
      case 1:
        RC_ASSERT(wait_for(state.put_if_absent(key, value, std::chrono::milliseconds(lifetime))).value() == !expected);
        model.try_emplace(key, plain{value, at + lifetime});
        break;
      case 2:
        RC_ASSERT(wait_for(state.get(key)).value() == expected);
        break;
      case 3:
        RC_ASSERT(wait_for(state.take(key)).value() == expected);
        model.erase(key);
        break;
      default:
        RC_ASSERT(wait_for(state.remove(key)).value() == expected.has_value());
        model.erase(key);
    }
  }
}

}  // namespace
}  // namespace sluice::state
