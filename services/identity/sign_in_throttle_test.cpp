#include "identity/sign_in_throttle.hpp"

#include <gtest/gtest.h>

#include "identity/identity_testing.hpp"
#include "limits/limiter_memory.hpp"

namespace sluice::identity {
namespace {

using namespace std::chrono_literals;

// Both clocks stand still until moved.
struct door {
  std::chrono::nanoseconds now{0};
  limits::limiter_memory limiter{{}, [this] { return now; }};
  state::shared_state_memory state{{}, [this] {
                                     return std::chrono::steady_clock::time_point(
                                         std::chrono::duration_cast<std::chrono::steady_clock::duration>(now));
                                   }};
  sign_in_throttle throttle{limiter, state, throttle_settings{}};

  result<sign_in_throttle::attempt> guess(const std::string& name, const std::string& address) {
    return run(throttle.admit(name, address));
  }
  void sign_in(const std::string& name, const std::string& address) {
    auto admitted = guess(name, address);
    if (!admitted) throw std::runtime_error(admitted.error().message);
    run(forgive(std::move(*admitted)));
  }
  task<int> forgive(sign_in_throttle::attempt charged) {
    co_await throttle.forgive(std::move(charged));
    co_return 0;
  }
};

TEST(throttling, makes_a_guesser_wait_longer_and_never_for_ever) {
  door here;
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(here.guess("alice", "198.51.100.7"));
  const auto refused = here.guess("alice", "198.51.100.7");
  ASSERT_EQ(reason_of(refused), error_reason::rate_limited);
  EXPECT_EQ(refused.error().retry_after, 90s);
  EXPECT_EQ(refused.error().message, "too many attempts: try again in 90 s");
  for (int i = 0; i < 100; ++i)  // asking again makes it no longer
    EXPECT_FALSE(here.guess("alice", "198.51.100.7"));
  here.now += 90s;
  EXPECT_TRUE(here.guess("alice", "198.51.100.7"));
  EXPECT_FALSE(here.guess("alice", "198.51.100.7"));
  here.now += 15min;
  EXPECT_TRUE(here.guess("alice", "198.51.100.7"));
}

TEST(throttling, waits_for_attempts_that_may_be_right) {
  door here;
  std::vector<sign_in_throttle::attempt> together;
  for (int i = 0; i < 10; ++i)
    together.push_back(here.guess("alice", "198.51.100.7").value());
  asio::io_context loop;
  std::optional<result<sign_in_throttle::attempt>> last;
  asio::co_spawn(loop, here.throttle.admit("alice", "198.51.100.7"),
                 [&](std::exception_ptr, result<sign_in_throttle::attempt> got) { last.emplace(std::move(got)); });
  loop.poll();
  EXPECT_FALSE(last);
  run(here.forgive(std::move(together.back())));
  together.clear();  // the others were wrong
  loop.run();
  ASSERT_TRUE(last && *last);
  last.reset();
  EXPECT_FALSE(here.guess("alice", "198.51.100.7"));
}

TEST(throttling, keeps_no_owner_out_whatever_strangers_do) {
  door here;
  here.sign_in("alice", "192.0.2.1");
  int admitted = 0;
  for (int i = 0; i < 250; ++i)
    admitted += here.guess("alice", "198.51.100." + std::to_string(i)).has_value() ? 1 : 0;
  EXPECT_EQ(admitted, 100);
  EXPECT_FALSE(here.guess("alice", "203.0.113.9"));
  here.sign_in("alice", "192.0.2.1");
  here.now += 24h * 29;
  for (int i = 0; i < 250; ++i)
    (void)here.guess("alice", "198.51.100." + std::to_string(i));
  here.sign_in("alice", "192.0.2.1");
}

TEST(throttling, counts_an_address_over_all_names) {
  door here;
  int admitted = 0;
  for (int i = 0; i < 200; ++i)
    admitted += here.guess("user" + std::to_string(i), "198.51.100.7").has_value() ? 1 : 0;
  EXPECT_EQ(admitted, 60);
  EXPECT_TRUE(here.guess("alice", "198.51.100.8"));
}

TEST(throttling, gives_back_what_another_count_refused) {
  door here;
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(here.guess("alice", "198.51.100.7"));
  for (int i = 0; i < 100; ++i)
    EXPECT_FALSE(here.guess("alice", "198.51.100.7"));
  int admitted = 0;
  for (int i = 0; i < 100; ++i)
    admitted += here.guess("user" + std::to_string(i), "198.51.100.7").has_value() ? 1 : 0;
  EXPECT_EQ(admitted, 50);
}

TEST(counted_addresses, are_networks_of_subscribers) {
  EXPECT_EQ(counted_address("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(counted_address("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(counted_address("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(counted_address("2001:db8:1:2::1"), counted_address("2001:db8:1:2:ffff::"));
  EXPECT_NE(counted_address("2001:db8:1:2::1"), counted_address("2001:db8:1:3::1"));
  EXPECT_EQ(counted_address("not an address"), "not an address");
}

}  // namespace
}  // namespace sluice::identity
