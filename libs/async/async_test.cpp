#include <future>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "async/blocking_pool.hpp"
#include "async/task_group.hpp"
#include "async/wakeup.hpp"
#include "async/watchdog.hpp"
#include "async/with_deadline.hpp"
#include "async/worker_pool.hpp"

namespace sluice::async {
namespace {

using namespace std::chrono_literals;

// Runs a coroutine to its end on a loop of its own and hands on what it threw.
void run(asio::io_context& loop, task<> work) {
  auto ended = asio::co_spawn(loop.get_executor(), std::move(work), asio::use_future);
  loop.run();
  ended.get();
}

task<> never(executor on) {
  steady_timer timer(on, 1h);
  co_await timer.async_wait(use_task);
}
task<int> never_an_int(executor on) {
  co_await never(on);
  co_return 1;
}
task<int> forty_two() {
  co_return 42;
}

task<> check_deadlines() {
  const executor on = co_await asio::this_coro::executor;
  EXPECT_FALSE(co_await with_deadline(never(on), 1ms));
  EXPECT_EQ(co_await with_deadline(never_an_int(on), 1ms), std::nullopt);
  EXPECT_EQ(co_await with_deadline(forty_two(), 1h), 42);
}
TEST(with_deadline, gives_the_value_or_cancels_the_work) {
  asio::io_context loop(1);
  run(loop, check_deadlines());
}

task<> throw_up() {
  throw std::runtime_error("broken");
  co_return;
}
task<> check_throwing() {
  co_await with_deadline(throw_up(), 1h);
}
TEST(with_deadline, hands_on_what_the_work_throws) {
  asio::io_context loop(1);
  EXPECT_THROW(run(loop, check_throwing()), std::runtime_error);
}

task<> count_wakeups(wakeup& event, int& woken) {
  for (;;) {
    co_await event.wait();
    ++woken;
  }
}
TEST(wakeup, coalesces_and_is_never_lost) {
  asio::io_context loop(1);
  wakeup event(loop.get_executor());
  task_group group(loop.get_executor(), nullptr);
  int woken = 0;
  event.notify();
  group.spawn(count_wakeups(event, woken));
  loop.poll();
  EXPECT_EQ(woken, 1);
  for (int i = 0; i < 5; ++i)
    event.notify();
  loop.poll();
  EXPECT_EQ(woken, 2);
  event.notify();
  loop.poll();
  EXPECT_EQ(woken, 3);
  group.cancel();
  loop.run();
  EXPECT_EQ(group.size(), 0U);
}

TEST(task_group, reports_failures_but_not_its_own_cancellation) {
  asio::io_context loop(1);
  int failures = 0;
  task_group group(loop.get_executor(), [&](const std::exception_ptr&) { ++failures; });
  group.spawn(throw_up());
  group.spawn(never(loop.get_executor()));
  loop.poll();
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(group.size(), 1U);
  group.cancel();
  run(loop, group.join());
  EXPECT_EQ(failures, 1);
}

TEST(watchdog, fires_once_after_the_last_deadline) {
  asio::io_context loop(1);
  int fired = 0;
  const auto start = std::chrono::steady_clock::now();
  watchdog dog(loop.get_executor(), [&] { ++fired; });
  dog.expire_after(5ms);
  dog.expire_after(20ms);
  loop.run();
  EXPECT_EQ(fired, 1);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
}

TEST(watchdog, an_earlier_deadline_wins_and_disarm_stops_it) {
  asio::io_context loop(1);
  int fired = 0;
  watchdog dog(loop.get_executor(), [&] { ++fired; });
  dog.expire_after(1h);
  dog.expire_after(1ms);
  loop.run();
  EXPECT_EQ(fired, 1);
  loop.restart();
  dog.expire_after(1ms);
  dog.disarm();
  loop.run();
  EXPECT_EQ(fired, 1);
}

task<> check_blocking(blocking_pool& pool) {
  const auto here = std::this_thread::get_id();
  const auto there = co_await pool.run([] { return std::this_thread::get_id(); });
  EXPECT_TRUE(there && *there != here);
  EXPECT_EQ(std::this_thread::get_id(), here);
}
TEST(blocking_pool, runs_elsewhere_and_resumes_here) {
  asio::io_context loop(1);
  blocking_pool pool("test", 1, 8);
  run(loop, check_blocking(pool));
}

task<> check_full(blocking_pool& pool, int& refused) {
  const auto answer = co_await pool.run([] { return 1; });
  if (!answer && answer.error().reason == error_reason::unavailable) ++refused;
}
TEST(blocking_pool, refuses_at_once_when_full) {
  asio::io_context loop(1);
  blocking_pool pool("test", 1, 1);
  std::promise<void> open;
  int refused = 0;
  task_group group(loop.get_executor(), nullptr);
  std::promise<void> started;
  struct gate {
    static task<> hold(blocking_pool& pool, std::promise<void>& started, std::shared_future<void> open) {
      co_await pool.run([&started, open = std::move(open)] {
        started.set_value();
        open.wait();
        return 0;
      });
    }
  };
  group.spawn(gate::hold(pool, started, open.get_future().share()));
  loop.poll();
  started.get_future().wait();
  for (int i = 0; i < 3; ++i)
    group.spawn(check_full(pool, refused));
  loop.poll();
  EXPECT_EQ(refused, 2);
  open.set_value();
  run(loop, group.join());
  EXPECT_EQ(refused, 2);
}

TEST(worker_pool, each_worker_knows_its_index) {
  worker_pool pool(3);
  pool.start();
  for (std::size_t i = 0; i < pool.size(); ++i) {
    std::promise<std::size_t> seen;
    pool[i].post([&] { seen.set_value(this_worker()); });
    EXPECT_EQ(seen.get_future().get(), i);
  }
  EXPECT_FALSE(on_worker());
}

}  // namespace
}  // namespace sluice::async
