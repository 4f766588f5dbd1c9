#include "http/resolver.hpp"

#include <atomic>
#include <future>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "async/task_group.hpp"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;

const asio::ip::address one_address = asio::ip::make_address("192.0.2.1");

struct name_server {
  std::atomic<int> asked = 0;
  std::atomic<bool> away = false;
  std::shared_future<void> gate;

  resolver::look_up face() {
    return [this](const std::string& host) -> result<addresses> {
      ++asked;
      if (gate.valid()) gate.wait();
      if (away) return failure(error_reason::unavailable, "cannot resolve " + host);
      addresses found;
      found.push_back(one_address);
      return found;
    };
  }
};

class resolver_test : public ::testing::Test {
 protected:
  void run(task<> work) {
    auto ended = asio::co_spawn(loop.get_executor(), std::move(work), asio::use_future);
    loop.restart();
    loop.run();
    ended.get();
  }
  resolver make(resolver_settings settings = {}) { return {loop.get_executor(), pool, settings, names.face()}; }

  name_server names;
  asio::io_context loop{1};
  async::blocking_pool pool{"names", 1, 8};
};

task<> expect_address(resolver& names, std::string host) {
  const auto found = co_await names.resolve(std::move(host));
  EXPECT_TRUE(found && found->front() == one_address);
}
task<> expect_failure(resolver& names, std::string host) {
  const auto found = co_await names.resolve(std::move(host));
  EXPECT_TRUE(!found && found.error().reason == error_reason::unavailable);
}
task<> expect_literal(resolver& names, std::string host) {
  const auto found = co_await names.resolve(host);
  EXPECT_TRUE(found && found->size() == 1 && found->front() == asio::ip::make_address(host));
}

TEST_F(resolver_test, addresses_in_text_are_not_asked_for) {
  resolver one = make();
  run(expect_literal(one, "127.0.0.1"));
  run(expect_literal(one, "::1"));
  EXPECT_EQ(names.asked, 0);
}

TEST_F(resolver_test, remembers_for_a_while) {
  resolver one = make();
  run(expect_address(one, "a"));
  run(expect_address(one, "a"));
  run(expect_address(one, "b"));
  EXPECT_EQ(names.asked, 2);
  resolver forgetful = make({.ttl = 0s});
  run(expect_address(forgetful, "a"));
  run(expect_address(forgetful, "a"));
  EXPECT_EQ(names.asked, 4);
}

TEST_F(resolver_test, remembers_failures_shortly_and_keeps_what_was_good) {
  names.away = true;
  resolver one = make({.failure_ttl = 1h});
  run(expect_failure(one, "a"));
  run(expect_failure(one, "a"));
  EXPECT_EQ(names.asked, 1);
  names.away = false;
  resolver other = make({.ttl = 0s, .failure_ttl = 0s});
  run(expect_address(other, "a"));
  names.away = true;
  run(expect_address(other, "a"));
  EXPECT_EQ(names.asked, 3);
}

TEST_F(resolver_test, one_look_up_serves_all_and_survives_a_cancel) {
  std::promise<void> open;
  names.gate = open.get_future().share();
  resolver one = make();
  async::task_group impatient(loop.get_executor(), nullptr);
  async::task_group patient(loop.get_executor(), nullptr);
  impatient.spawn(expect_address(one, "a"));
  patient.spawn(expect_address(one, "a"));
  patient.spawn(expect_address(one, "a"));
  loop.poll();
  impatient.cancel();
  loop.poll();
  EXPECT_EQ(impatient.size(), 0U);
  EXPECT_EQ(patient.size(), 2U);
  open.set_value();
  run(patient.join());
  EXPECT_EQ(names.asked, 1);
}

TEST_F(resolver_test, a_full_queue_is_an_answer) {
  async::blocking_pool none("names", 1, 0);
  resolver one(loop.get_executor(), none, {}, names.face());
  run(expect_failure(one, "a"));
}

TEST_F(resolver_test, forgets_the_oldest_of_too_many) {
  resolver one = make({.names_max = 2});
  run(expect_address(one, "a"));
  run(expect_address(one, "b"));
  run(expect_address(one, "c"));
  run(expect_address(one, "c"));
  run(expect_address(one, "a"));
  EXPECT_EQ(names.asked, 4);
}

TEST(system_look_up, knows_this_machine_and_says_what_it_does_not) {
  const auto here = resolver::system_look_up("localhost");
  ASSERT_TRUE(here);
  EXPECT_TRUE(here->front().is_loopback());
  const auto nowhere = resolver::system_look_up("nowhere.invalid");
  ASSERT_FALSE(nowhere);
  EXPECT_TRUE(nowhere.error().message.starts_with("cannot resolve nowhere.invalid: ")) << nowhere.error().message;
}

}  // namespace
}  // namespace sluice::http
