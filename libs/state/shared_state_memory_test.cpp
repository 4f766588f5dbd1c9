#include "state/shared_state_memory.hpp"

#include <atomic>
#include <future>
#include <map>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "state/shared_state_testing.hpp"

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

class memory_bench final : public testing::state_bench {
 public:
  memory_bench() { workers.start(); }
  ~memory_bench() override { workers.stop(); }
  shared_state& state() override { return memory_; }
  void pass(int units) override { now_ = now_.load() + units * unit(); }
  std::chrono::milliseconds unit() const override { return 1s; }

 private:
  std::atomic<shared_state_memory::time_point> now_{shared_state_memory::time_point(1h)};
  shared_state_memory memory_{{}, [this] { return now_.load(); }};
};

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

TEST_F(shared_state_memory_test, replaces_a_value_and_its_time) {
  put("a", "1", 1s);
  now += 900ms;
  put("a", "2", 1s);
  now += 900ms;
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(state.size(), 1U);
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

namespace sluice::state::testing {
INSTANTIATE_TEST_SUITE_P(memory, shared_state_suite,
                         ::testing::Values(make_bench([] { return std::make_unique<memory_bench>(); })));
}  // namespace sluice::state::testing
