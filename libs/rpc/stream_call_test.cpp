// Calls with a stream of answers over real sockets.
#include "async/with_deadline.hpp"
#include "rpc/rpc_testing.hpp"

namespace sluice::rpc::testing {
namespace {

v1::CountRequest count(std::uint64_t to, std::uint64_t bytes = 0, std::string then = {}) {
  v1::CountRequest request;
  request.set_to(to);
  request.set_bytes(bytes);
  request.set_then(std::move(then));
  return request;
}

struct seen {
  std::uint64_t last = 0;
  result<void> end;
};

task<seen> read_all(channel& over, v1::CountRequest request) {
  client<v1::Echo> stub(over);
  auto answers =
      stub.open(co_await asio::this_coro::executor, &echo::Count, std::move(request), {.deadline = patience});
  seen so_far;
  for (;;) {
    auto next = co_await answers.read();
    if (!next) so_far.end = std::unexpected(std::move(next.error()));
    if (!next || !*next) co_return so_far;
    EXPECT_EQ((*next)->number(), so_far.last + 1);
    so_far.last = (*next)->number();
  }
}

class stream_call_test : public rpc_fixture {};

TEST_F(stream_call_test, all_messages_come_in_order_and_then_the_end) {
  serve_and_connect();
  const seen all = run(read_all(*links, count(1000)));
  EXPECT_EQ(all.last, 1000);
  EXPECT_TRUE(all.end);
  const seen none = run(read_all(*links, count(0)));
  EXPECT_EQ(none.last, 0);
  EXPECT_TRUE(none.end);
}

TEST_F(stream_call_test, what_came_before_an_error_is_read) {
  serve_and_connect();
  const seen some = run(read_all(*links, count(3, 0, "fail")));
  EXPECT_EQ(some.last, 3);
  ASSERT_FALSE(some.end);
  EXPECT_EQ(some.end.error().reason, error_reason::conflict);
  EXPECT_EQ(some.end.error().message, "enough");
}

task<> read_one_and_go(channel& over, v1::CountRequest request) {
  client<v1::Echo> stub(over);
  auto answers =
      stub.open(co_await asio::this_coro::executor, &echo::Count, std::move(request), {.deadline = patience});
  const auto first = co_await answers.read();
  EXPECT_TRUE(first && *first);
}

TEST_F(stream_call_test, a_reader_that_goes_cancels_the_handler) {
  serve_and_connect();
  run(read_one_and_go(*links, count(1, 0, "wait")));
  EXPECT_TRUE(one->service->cancelled.wait());
}

TEST_F(stream_call_test, a_reader_that_goes_cancels_a_writer_that_waits_for_it) {
  serve_and_connect();
  run(read_one_and_go(*links, count(1'000'000, 65'536)));
  EXPECT_TRUE(one->service->cancelled.wait());
}

// Waits until nothing was written for a while, which is to say that the writer waits. Gives what was.
task<std::uint64_t> writer_stops(const std::atomic<std::uint64_t>& written) {
  steady_timer timer(co_await asio::this_coro::executor);
  std::uint64_t before = 0;
  for (int still = 0; still < 10;) {
    timer.expires_after(20ms);
    co_await timer.async_wait(use_task);
    const std::uint64_t now = written.load();
    still = now == before && now > 0 ? still + 1 : 0;
    before = now;
  }
  co_return before;
}

task<std::uint64_t> read_late(channel& over, v1::CountRequest request, const std::atomic<std::uint64_t>& written,
                              std::uint64_t& held) {
  client<v1::Echo> stub(over);
  auto answers =
      stub.open(co_await asio::this_coro::executor, &echo::Count, std::move(request), {.deadline = patience});
  held = co_await writer_stops(written);
  std::uint64_t read = 0;
  for (auto next = co_await answers.read(); next && *next; next = co_await answers.read())
    ++read;
  co_return read;
}

TEST_F(stream_call_test, a_slow_reader_holds_up_the_writer) {
  serve_and_connect();
  constexpr std::uint64_t messages = 1000;
  std::uint64_t held = 0;
  EXPECT_EQ(run(read_late(*links, count(messages, 65'536), one->service->written, held)), messages);
  EXPECT_GT(held, 0);
  EXPECT_LT(held, messages / 4);  // what the windows of HTTP/2 hold, and no more
}

task<std::uint64_t> read_impatiently(channel& over, v1::CountRequest request, int& too_early) {
  client<v1::Echo> stub(over);
  auto answers =
      stub.open(co_await asio::this_coro::executor, &echo::Count, std::move(request), {.deadline = patience});
  std::uint64_t last = 0;
  for (;;) {
    auto next = co_await async::with_deadline(answers.read(), std::chrono::microseconds(50));
    if (!next) {
      ++too_early;
      continue;
    }
    if (!*next || !**next) co_return last;
    EXPECT_EQ((**next)->number(), last + 1);
    last = (**next)->number();
  }
}

TEST_F(stream_call_test, a_read_that_was_cancelled_loses_nothing) {
  serve_and_connect();
  int too_early = 0;
  EXPECT_EQ(run(read_impatiently(*links, count(200, 1000), too_early)), 200);
  EXPECT_GT(too_early, 0);
}

task<std::size_t> tear_off(channel& over, std::size_t times) {
  std::size_t whole = 0;
  for (std::size_t i = 0; i < times; ++i) {
    const auto limit = std::chrono::microseconds(3 * i);
    const auto all = co_await async::with_deadline(read_all(over, count(50, 1000)), limit);
    whole += all && all->end && all->last == 50 ? 1 : 0;
  }
  co_return whole;
}

TEST_F(stream_call_test, torn_off_at_any_moment) {
  serve_and_connect();
  constexpr std::size_t times = 400;
  std::vector<std::future<std::size_t>> all;
  for (std::size_t i = 0; i < 2 * workers.size(); ++i) {
    all.push_back(
        asio::co_spawn(workers[i % workers.size()].get_executor(), tear_off(*links, times), asio::use_future));
  }
  for (auto& each : all)
    EXPECT_LE(each.get(), times);
  EXPECT_EQ(run(read_all(*links, count(50))).last, 50);
  one->server.stop(patience);  // none is left behind
}

TEST_F(stream_call_test, endless_ones_are_ended_when_the_server_stops) {
  serve_and_connect();
  auto reading = std::async(std::launch::async, [this] { return run(read_all(*links, count(2, 0, "wait"))); });
  ASSERT_TRUE(one->service->waiting.wait());
  one->server.stop(patience);
  const seen some = reading.get();
  EXPECT_EQ(some.last, 2);
  ASSERT_FALSE(some.end);
  EXPECT_EQ(some.end.error().reason, error_reason::unavailable);
  EXPECT_EQ(some.end.error().message, "this node is stopping");
}

TEST_F(stream_call_test, a_channel_that_goes_ends_its_streams) {
  serve_and_connect();
  auto reading = std::async(std::launch::async, [this] { return run(read_all(*links, count(2, 0, "wait"))); });
  ASSERT_TRUE(one->service->waiting.wait());
  links->cancel_all();
  const seen some = reading.get();
  EXPECT_LE(some.last, 2);
  ASSERT_FALSE(some.end);
  EXPECT_EQ(some.end.error().reason, error_reason::unavailable);
  EXPECT_TRUE(one->service->cancelled.wait());
}

TEST_F(stream_call_test, a_message_past_the_limit_ends_the_stream) {
  serve_and_connect();
  const seen none = run(read_all(*links, count(2, message_bytes_max + 1)));
  EXPECT_EQ(none.last, 0);
  ASSERT_FALSE(none.end);
  EXPECT_EQ(none.end.error().reason, error_reason::too_large) << none.end.error().detail;
}

}  // namespace
}  // namespace sluice::rpc::testing
