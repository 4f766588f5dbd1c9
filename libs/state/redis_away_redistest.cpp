// A Redis that is killed, stands still, is somebody else's, or talks nonsense.
#include <array>
#include <atomic>
#include <future>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/with_deadline.hpp"
#include "async/worker_pool.hpp"
#include "state/redis_testing.hpp"
#include "state/shared_state_redis.hpp"

namespace sluice::state {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Answers each connection with `said`, whatever it was asked, and closes it.
task<> answer_all(tcp_acceptor& at, std::string said) {
  for (;;) {
    auto [failed, socket] = co_await at.async_accept(use_task_nothrow);
    if (failed) co_return;
    std::array<char, 4096> asked{};
    co_await socket.async_read_some(asio::buffer(asked), use_task_nothrow);
    co_await asio::async_write(socket, asio::buffer(said), use_task_nothrow);
  }
}

class redis_away_redistest : public ::testing::Test {
 public:
  redis_away_redistest() { workers.start(); }
  ~redis_away_redistest() override { workers.stop(); }

 protected:
  template <class T>
  std::future<T> begin(task<T> work) {
    return asio::co_spawn(workers[1].get_executor(), std::move(work), asio::use_future);
  }
  template <class T>
  T run(task<T> work) {
    return begin(std::move(work)).get();
  }
  std::shared_ptr<redis_client> make_client(redis_settings told) {
    return std::make_shared<redis_client>(workers[0].get_executor(), std::move(told), log, nullptr);
  }
  std::unique_ptr<shared_state_redis> make_state(std::shared_ptr<redis_client> asked) {
    return std::make_unique<shared_state_redis>(std::move(asked), workers[0].get_executor(), log);
  }
  void wait_until(redis_client& from, bool there) {
    while (run(from.check()).has_value() != there) {
    }
  }
  std::string trouble(redis_client& from) {
    const auto checked = run(from.check());
    EXPECT_FALSE(checked);
    return checked ? "" : checked.error().message;
  }
  std::string trouble_with_who_says(const std::string& said) {
    const executor on = workers[0].get_executor();
    tcp_acceptor at(on, {asio::ip::address_v4::loopback(), 0});
    redis_settings told;
    told.at.host = "127.0.0.1";
    told.at.port = at.local_endpoint().port();
    auto ended = asio::co_spawn(on, answer_all(at, said), asio::use_future);
    auto asked = make_client(told);
    const std::string found = trouble(*asked);
    asked.reset();
    asio::post(on, [&at] { at.close(); });
    ended.get();
    return found;
  }

  telemetry::logger log{{.level = telemetry::log_level::off}};
  async::worker_pool workers{2};
};

TEST_F(redis_away_redistest, comes_back_after_a_crash_with_what_it_has_kept) {
  testing::redis_server server({"--appendonly", "yes", "--appendfsync", "always"});
  auto asked = make_client(server.settings());
  const auto state = make_state(asked);
  wait_until(*asked, true);
  ASSERT_TRUE(run(state->put("kept:a", "1", 1h)));
  server.kill();
  wait_until(*asked, false);
  const auto refused = run(state->get("kept:a"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, error_reason::unavailable);
  EXPECT_TRUE(refused.error().retry_after);
  EXPECT_THAT(trouble(*asked), HasSubstr("the Redis at 127.0.0.1:"));
  server.start();
  wait_until(*asked, true);
  EXPECT_EQ(run(state->get("kept:a")).value(), "1");
}

TEST_F(redis_away_redistest, gives_its_scripts_anew_to_one_that_has_lost_everything) {
  testing::redis_server server;
  auto asked = make_client(server.settings());
  const auto state = make_state(asked);
  wait_until(*asked, true);
  ASSERT_TRUE(run(state->hold("lease:a", "one", "", 1h)).value());
  server.kill();
  wait_until(*asked, false);
  server.start();
  wait_until(*asked, true);
  EXPECT_FALSE(run(state->renew("lease:a", "one", 1h)).value());
  EXPECT_TRUE(run(state->hold("lease:a", "two", "", 1h)).value());
}

TEST_F(redis_away_redistest, one_that_stands_still_costs_the_timeout_once) {
  testing::redis_server server;
  redis_settings told = server.settings();
  told.timeout = 200ms;
  told.connect_timeout = 300ms;
  auto asked = make_client(told);
  const auto state = make_state(asked);
  wait_until(*asked, true);
  server.stand_still();
  const auto since = std::chrono::steady_clock::now();
  EXPECT_EQ(run(state->get("a")).error().reason, error_reason::unavailable);
  EXPECT_GE(std::chrono::steady_clock::now() - since, 200ms);
  wait_until(*asked, false);
  const auto then = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i)
    EXPECT_FALSE(run(state->get("a")));
  EXPECT_LT(std::chrono::steady_clock::now() - then, 2s);  // each waited for: 10 s
  server.go_on();
  wait_until(*asked, true);
  EXPECT_TRUE(run(state->get("a")));
}

TEST_F(redis_away_redistest, says_what_is_wrong_and_never_the_password) {
  testing::redis_server server({"--requirepass", "right"});
  redis_settings told = server.settings();
  const auto until_it_says = [&](const char* what) {
    auto asked = make_client(told);
    std::string found;
    do
      found = trouble(*asked);
    while (!found.contains(what) && (found.contains("refused") || found.contains("in time")));  // not up yet
    EXPECT_THAT(found, HasSubstr(what));
    EXPECT_EQ(found.find("hush"), std::string::npos);
  };
  until_it_says("NOAUTH");
  told.at.password = secret_string("hush");
  until_it_says("WRONGPASS");
  told.at.password = secret_string("right");
  told.at.database = 60'000;
  until_it_says("DB index is out of range");
  told.at.database = 3;
  auto asked = make_client(told);
  wait_until(*asked, true);
  told.at.port = testing::free_port();
  EXPECT_THAT(trouble(*make_client(told)), HasSubstr("cannot be reached"));
  told.at.host = "no-such-host.invalid";
  EXPECT_FALSE(run(make_client(told)->check()));
}

TEST_F(redis_away_redistest, what_talks_nonsense_is_no_redis) {
  EXPECT_THAT(trouble_with_who_says("HTTP/1.1 400 Bad Request\r\n\r\n"), HasSubstr("does not speak Redis' protocol"));
  EXPECT_THAT(trouble_with_who_says("$1000000\r\ncut off"), HasSubstr("closed the connection"));
  EXPECT_THAT(trouble_with_who_says("*2147483647\r\n"), HasSubstr("does not speak Redis' protocol"));
  EXPECT_THAT(trouble_with_who_says("-LOADING Redis is loading\r\n"), HasSubstr("LOADING"));
}

TEST_F(redis_away_redistest, refuses_at_once_what_is_too_much) {
  testing::redis_server server;
  redis_settings told = server.settings();
  told.bytes_max = 4096;
  told.timeout = 10s;
  auto asked = make_client(told);
  const auto state = make_state(asked);
  wait_until(*asked, true);
  const auto refused = run(state->put("huge:a", std::string(8192, 'x'), 1h));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, error_reason::unavailable);
  EXPECT_THAT(refused.error().detail, HasSubstr("more than it answers"));
  EXPECT_TRUE(run(state->put("small:a", "x", 1h)));
  told.bytes_max = std::size_t{64} << 20;
  const auto large = make_state(make_client(told));
  const std::string much(std::size_t{32} << 20, 'x');
  ASSERT_TRUE(run(large->put("huge:a", much, 1h)));
  EXPECT_TRUE(run(large->get("huge:a")).value() == much);
}

task<announcement> hear(subscription& from) {
  co_return co_await from.next();
}

TEST_F(redis_away_redistest, who_listens_hears_of_the_gap_and_then_goes_on_hearing) {
  testing::redis_server server;
  auto asked = make_client(server.settings());
  const auto state = make_state(asked);
  wait_until(*asked, true);
  const auto heard = state->subscribe(workers[1].get_executor(), {"keys"});
  EXPECT_TRUE(run(hear(*heard)).missed);  // it begins to listen
  ASSERT_TRUE(run(state->publish("keys", "1")));
  EXPECT_EQ(run(hear(*heard)).text, "1");
  server.kill();
  server.start();
  EXPECT_TRUE(run(hear(*heard)).missed);
  wait_until(*asked, true);
  ASSERT_TRUE(run(state->publish("keys", "2")));
  EXPECT_EQ(run(hear(*heard)).text, "2");
}

}  // namespace
}  // namespace sluice::state
