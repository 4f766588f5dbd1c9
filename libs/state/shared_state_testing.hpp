// What every implementation of shared state has to do: included by the tests of each.
#pragma once

#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/with_deadline.hpp"
#include "async/worker_pool.hpp"
#include "state/node_registry.hpp"
#include "state/shared_state.hpp"

namespace sluice::state::testing {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A state to try, empty, and its time.
class state_bench {
 public:
  virtual ~state_bench() = default;
  virtual shared_state& state() = 0;
  /// Of another node: the same where there is but one.
  virtual shared_state& other_state() { return state(); }
  /// Lets so many units of its time pass.
  virtual void pass(int units) = 0;
  virtual std::chrono::milliseconds unit() const = 0;

  async::worker_pool workers{2};
};

using make_bench = std::function<std::unique_ptr<state_bench>()>;

class shared_state_suite : public ::testing::TestWithParam<make_bench> {
 protected:
  shared_state_suite() : bench(GetParam()()), state(bench->state()), other(bench->other_state()) {}

  template <class T>
  T run(task<T> work, std::size_t worker = 0) {
    return asio::co_spawn(bench->workers[worker].get_executor(), std::move(work), asio::use_future).get();
  }
  template <class T>
  T value(task<result<T>> work) {
    result<T> done = run(std::move(work));
    EXPECT_TRUE(done) << done.error().message << " " << done.error().detail;
    return done ? std::move(*done) : T{};
  }
  void put(std::string key, std::string text, int units = 2) {
    const auto done = run(state.put(std::move(key), std::move(text), units * bench->unit()));
    EXPECT_TRUE(done) << done.error().message << " " << done.error().detail;
  }
  void enlist(std::string group, std::string name, std::string text, int units) {
    member one{.name = std::move(name), .value = std::move(text)};
    const auto done = run(state.enlist(std::move(group), std::move(one), units * bench->unit()));
    EXPECT_TRUE(done) << done.error().message << " " << done.error().detail;
  }
  template <class T>
  error_reason reason(task<result<T>> work) {
    const result<T> done = run(std::move(work));
    EXPECT_FALSE(done);
    return done ? error_reason::not_found : done.error().reason;
  }
  static task<announcement> hear(subscription& from) { co_return co_await from.next(); }

  std::unique_ptr<state_bench> bench;
  shared_state& state;
  shared_state& other;
};

TEST_P(shared_state_suite, keeps_a_value_for_its_time) {
  put("kept:a", "1", 2);
  EXPECT_EQ(value(other.get("kept:a")), "1");
  bench->pass(1);
  EXPECT_EQ(value(state.get("kept:a")), "1");
  bench->pass(1);
  EXPECT_EQ(value(state.get("kept:a")), std::nullopt);
  EXPECT_EQ(value(state.get("kept:b")), std::nullopt);
}

TEST_P(shared_state_suite, keeps_any_bytes) {
  for (const std::string& name : {std::string(), std::string("\0\r\n", 3), std::string("}{"), std::string(":")}) {
    put("bytes:" + name, name + "\r\n$-1\r\n" + std::string(1, '\0'), 100);
    EXPECT_EQ(value(state.get("bytes:" + name)), name + "\r\n$-1\r\n" + std::string(1, '\0'));
  }
  put("bytes", "x", 100);
  put(":bytes", "y", 100);
  EXPECT_EQ(value(state.get("bytes")), "x");
  EXPECT_EQ(value(state.get("bytes:")), std::string("\r\n$-1\r\n\0", 8));
  const std::string large(1 << 19, 'x');
  put("large:a", large, 100);
  EXPECT_TRUE(value(state.get("large:a")) == large);
}

TEST_P(shared_state_suite, replaces_a_value_and_its_time) {
  put("a", "1", 2);
  bench->pass(1);
  put("a", "2", 2);
  bench->pass(1);
  EXPECT_EQ(value(state.get("a")), "2");
}

TEST_P(shared_state_suite, gives_a_value_away_once) {
  put("a", "1");
  EXPECT_EQ(value(state.take("a")), "1");
  EXPECT_EQ(value(other.take("a")), std::nullopt);
  put("a", "2", 1);
  bench->pass(1);
  EXPECT_EQ(value(state.take("a")), std::nullopt);
}

TEST_P(shared_state_suite, sets_only_what_is_absent) {
  const auto unit = bench->unit();
  EXPECT_TRUE(value(state.put_if_absent("a", "1", unit)));
  EXPECT_FALSE(value(other.put_if_absent("a", "2", unit)));
  EXPECT_EQ(value(state.get("a")), "1");
  bench->pass(1);
  EXPECT_TRUE(value(other.put_if_absent("a", "3", 100 * unit)));
  EXPECT_EQ(value(state.get("a")), "3");
}

TEST_P(shared_state_suite, extends_what_is_there) {
  put("a", "1", 2);
  EXPECT_TRUE(value(state.extend("a", 100 * bench->unit())));
  bench->pass(2);
  EXPECT_EQ(value(state.get("a")), "1");
  EXPECT_TRUE(value(state.extend("a", bench->unit())));
  bench->pass(1);
  EXPECT_FALSE(value(state.extend("a", bench->unit())));
  EXPECT_EQ(value(state.get("a")), std::nullopt);
}

TEST_P(shared_state_suite, counts_from_the_first_for_a_time) {
  const auto add = [this](std::int64_t amount, int units = 2) {
    return value(state.add("c", amount, units * bench->unit()));
  };
  EXPECT_EQ(add(0), 0);
  EXPECT_FALSE(value(state.remove("c")));
  EXPECT_EQ(add(2), 2);
  bench->pass(1);
  EXPECT_EQ(add(-5), -3);
  EXPECT_EQ(value(other.add("c", 0, bench->unit())), -3);
  bench->pass(1);
  EXPECT_EQ(add(1, 100), 1);
  constexpr std::int64_t max = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t min = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(add(max - 2), max - 1);
  EXPECT_EQ(add(max), max);
  EXPECT_EQ(add(-max), 0);
  EXPECT_EQ(add(min), min);
  EXPECT_EQ(add(min), min);
  EXPECT_EQ(add((std::int64_t{1} << 53) + 1), min + (std::int64_t{1} << 53) + 1);
}

TEST_P(shared_state_suite, has_one_holder_of_a_lease) {
  const auto unit = bench->unit();
  EXPECT_EQ(value(state.find_holder("lease:a")), std::nullopt);
  EXPECT_TRUE(value(state.hold("lease:a", "one", "is here", 2 * unit)));
  EXPECT_FALSE(value(other.hold("lease:a", "two", "is there", 2 * unit)));
  EXPECT_EQ(value(other.find_holder("lease:a")), (holding{"one", "is here"}));
  EXPECT_TRUE(value(state.hold("lease:a", "one", "", 2 * unit)));
  EXPECT_EQ(value(other.find_holder("lease:a")), (holding{"one", ""}));
  bench->pass(1);
  EXPECT_FALSE(value(other.renew("lease:a", "two", 100 * unit)));
  EXPECT_TRUE(value(state.renew("lease:a", "one", 2 * unit)));
  bench->pass(1);
  EXPECT_FALSE(value(other.release("lease:a", "two")));
  EXPECT_EQ(value(state.find_holder("lease:a"))->owner, "one");
  bench->pass(1);
  EXPECT_FALSE(value(state.renew("lease:a", "one", unit)));
  EXPECT_TRUE(value(other.hold("lease:a", "two", "", 100 * unit)));
  EXPECT_FALSE(value(state.release("lease:a", "one")));
  EXPECT_TRUE(value(other.release("lease:a", "two")));
  EXPECT_FALSE(value(other.release("lease:a", "two")));
  EXPECT_EQ(value(state.find_holder("lease:a")), std::nullopt);
}

TEST_P(shared_state_suite, does_not_take_one_kind_for_another) {
  const auto unit = bench->unit();
  put("value:a", "1", 100);
  value(state.add("counter:a", 1, 100 * unit));
  EXPECT_TRUE(value(state.hold("lease:a", "x", "y", 100 * unit)));
  for (const char* key : {"counter:a", "lease:a"}) {
    EXPECT_EQ(reason(state.get(key)), error_reason::internal) << key;
    EXPECT_EQ(reason(state.take(key)), error_reason::internal) << key;
    EXPECT_EQ(reason(state.put(key, "1", unit)), error_reason::internal) << key;
    EXPECT_EQ(reason(state.put_if_absent(key, "1", unit)), error_reason::internal) << key;
  }
  for (const char* key : {"value:a", "lease:a"})
    EXPECT_EQ(reason(state.add(key, 1, unit)), error_reason::internal) << key;
  for (const char* key : {"value:a", "counter:a"}) {
    EXPECT_EQ(reason(state.hold(key, "x", "y", unit)), error_reason::internal) << key;
    EXPECT_EQ(reason(state.renew(key, "x", unit)), error_reason::internal) << key;
    EXPECT_EQ(reason(state.release(key, "x")), error_reason::internal) << key;
    EXPECT_EQ(reason(state.find_holder(key)), error_reason::internal) << key;
  }
  for (const char* key : {"value:a", "counter:a", "lease:a"}) {
    EXPECT_TRUE(value(state.extend(key, 100 * unit))) << key;
    EXPECT_TRUE(value(state.remove(key))) << key;
    EXPECT_FALSE(value(state.remove(key))) << key;
    put(key, "1", 100);
  }
}

TEST_P(shared_state_suite, lists_members_each_for_its_own_time) {
  EXPECT_THAT(value(state.list("g")), IsEmpty());
  enlist("g", "b", "2", 2);
  enlist("g", "a", "1", 1);
  enlist("h", "c", "3", 100);
  EXPECT_THAT(value(other.list("g")), ElementsAre(member{"a", "1"}, member{"b", "2"}));
  bench->pass(1);
  EXPECT_THAT(value(other.list("g")), ElementsAre(member{"b", "2"}));
  enlist("g", "b", "4", 100);
  bench->pass(1);
  EXPECT_THAT(value(other.list("g")), ElementsAre(member{"b", "4"}));
  EXPECT_FALSE(value(other.delist("g", "a")));
  EXPECT_TRUE(value(other.delist("g", "b")));
  EXPECT_FALSE(value(other.delist("g", "b")));
  EXPECT_THAT(value(other.list("g")), IsEmpty());
  EXPECT_THAT(value(other.list("h")), ElementsAre(member{"c", "3"}));
}

TEST_P(shared_state_suite, knows_the_nodes_that_there_are) {
  node_registry here(state);
  node_registry there(other);
  const node_record gateway{.id = "node_1",
                            .role = "gateway",
                            .address = "10.0.0.7:8080",
                            .version = "1.2",
                            .started_at = std::chrono::system_clock::time_point(1'700'000'000'123ms),
                            .counts = {{"connections", 18'446'744'073'709'551'615U}}};
  node_record agent = gateway;
  agent.id = "node_0";
  agent.counts.clear();
  EXPECT_TRUE(run(here.heartbeat(gateway)));
  EXPECT_TRUE(run(here.heartbeat(agent)));
  enlist("nodes", "node_2", "of another version", 100);
  EXPECT_THAT(value(there.list()), ElementsAre(agent, gateway));
  EXPECT_TRUE(run(here.leave(gateway.id)));
  EXPECT_TRUE(run(here.leave(gateway.id)));
  EXPECT_THAT(value(there.list()), ElementsAre(agent));
}

TEST_P(shared_state_suite, announces_to_all_who_listen) {
  const auto here = state.subscribe(bench->workers[0].get_executor(), {"keys", "settings"});
  const auto there = other.subscribe(bench->workers[0].get_executor(), {"keys"});
  // A node that has just begun to listen hears that it may have missed some.
  const auto next = [this](subscription& from) {
    for (;;) {
      auto one = run(async::with_deadline(hear(from), 10s));
      if (!one || !one->missed) return one;
    }
  };
  for (subscription* each : {here.get(), there.get()}) {
    // Until the first arrives, it is not known that it listens.
    std::optional<announcement> first;
    while (!first) {
      EXPECT_TRUE(run(state.publish("keys", "begin")));
      first = run(async::with_deadline(hear(*each), 100ms));
      if (first && first->missed) first.reset();
    }
    EXPECT_EQ(first->text, "begin");
  }
  EXPECT_TRUE(run(state.publish("others", "x")));
  EXPECT_TRUE(run(state.publish("settings", std::string("\0\n", 2))));
  EXPECT_TRUE(run(other.publish("keys", "end")));
  const auto until = [&](subscription& from) {
    std::vector<announcement> heard;
    while (heard.empty() || heard.back().text != "end") {
      auto one = next(from);
      if (!one) break;
      if (one->text != "begin") heard.push_back(*one);
    }
    return heard;
  };
  // Between two nodes, there is no order.
  EXPECT_THAT(until(*there), ElementsAre(announcement{"keys", "end"}));
  EXPECT_THAT(until(*here), ::testing::Contains(announcement{"keys", "end"}));
}

inline task<> compete(shared_state& state, int rounds, std::atomic<int>& taken, std::atomic<int>& held) {
  static std::atomic<int> owners = 0;
  const std::string me = std::to_string(++owners);
  for (int i = 0; i < rounds; ++i) {
    const std::string number = std::to_string(i);
    if ((co_await state.take("ticket:" + number)).value()) ++taken;
    if ((co_await state.hold("lease:" + number, me, "", std::chrono::hours(1))).value()) ++held;
    (co_await state.add("counter:all", 1, std::chrono::hours(1))).value();
  }
}

TEST_P(shared_state_suite, gives_each_to_one_of_all_who_ask_at_once) {
  constexpr int rounds = 200;
  for (int i = 0; i < rounds; ++i)
    put("ticket:" + std::to_string(i), "x", 10'000);
  std::atomic<int> taken = 0;
  std::atomic<int> held = 0;
  std::vector<std::future<void>> done;
  for (std::size_t i = 0; i < 8; ++i) {
    done.push_back(asio::co_spawn(bench->workers[i % 2].get_executor(),
                                  compete(i < 4 ? state : other, rounds, taken, held), asio::use_future));
  }
  for (auto& one : done)
    one.get();
  EXPECT_EQ(taken, rounds);
  EXPECT_EQ(held, rounds);
  EXPECT_EQ(value(state.add("counter:all", 0, 1s)), 8 * rounds);
}

}  // namespace sluice::state::testing
