// What the server does to clients that are slow, many, too large, gone, or still there when it stops.
#include <boost/asio/bind_cancellation_slot.hpp>

#include "async/wakeup.hpp"
#include "http/least_rate.hpp"
#include "http/server_testing.hpp"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view get_hello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

server_settings with(server_limits limits) {
  return {.limits = limits};
}

TEST_F(server_test, refuses_what_is_too_large_before_reading_it) {
  serve({echo_route()}, with({.header_bytes_max = 500, .body_bytes_max = 10}));
  raw_client large = connect();
  large.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(large.read_to_end(), StartsWith("HTTP/1.1 413 "));
  raw_client chunked = connect();
  chunked.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n");
  EXPECT_THAT(chunked.read_to_end(), StartsWith("HTTP/1.1 413 "));
  raw_client header = connect();
  header.send("GET /echo HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(600, 'x'));
  const std::string answer = header.read_to_end();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
}

TEST_F(server_test, an_answer_to_an_unread_body_arrives_in_spite_of_it) {
  serve({echo_route()}, with({.body_bytes_max = 10, .linger_timeout = 500ms}));
  raw_client client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" + std::string(3'000'000, 'x'));
  EXPECT_THAT(client.read_to_end(), HasSubstr("413"));
}

TEST_F(server_test, cuts_a_header_that_does_not_come) {
  serve({hello_route()}, with({.header_timeout = 50ms}));
  raw_client silent = connect();
  EXPECT_EQ(silent.read_to_end(), "");
  raw_client dripping = connect();
  dripping.send("GET /hello HTTP/1.1\r\n");
  // A byte now and then must not help.
  for (int i = 0; i < 2000 && !dripping.has_news(5ms); ++i)
    dripping.send("X");
  EXPECT_THAT(dripping.read_to_end(), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(http->counters().connections_cut, 2U);
}

TEST_F(server_test, cuts_a_body_below_the_least_rate) {
  serve({echo_route()}, with({.body_timeout = 50ms, .bytes_per_second_min = 1'000'000}));
  raw_client client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  for (int i = 0; i < 2000 && !client.has_news(5ms); ++i)
    client.send("x");
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(server_test, ends_a_connection_that_is_idle_for_too_long) {
  serve({hello_route()}, with({.idle_timeout = 50ms}));
  raw_client client = connect();
  EXPECT_THAT(client.ask(get_hello), EndsWith("hello"));
  EXPECT_EQ(client.read_to_end(), "");
}

task<> send_much(exchange& call) {
  co_await call.respond(make_response(200, "text/plain", std::string(32'000'000, 'x')));
}
task<> stream_much(exchange& call) {
  call.start_stream(200, {});
  const std::string piece(100'000, 'x');
  for (int i = 0; i < 320; ++i) {
    if (co_await call.write(piece)) co_return;
  }
  co_await call.finish();
}
TEST_F(server_test, cuts_a_client_that_does_not_read) {
  serve({{"GET", "/much", send_much}, {"GET", "/stream", stream_much}, hello_route()},
        with({.write_timeout = 50ms, .bytes_per_second_min = 1'000'000'000}));
  for (const char* path : {"/much", "/stream"}) {
    raw_client stuck = connect(4096);
    stuck.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    const heard::finished one = log.wait_for(log.exchanges.size());
    EXPECT_EQ(one.target, path);
    EXPECT_FALSE(one.complete);
  }
  EXPECT_THAT(connect().ask(get_hello), EndsWith("hello"));
}

TEST_F(server_test, a_large_answer_buys_no_hours_for_a_client_that_does_not_read_it) {
  // At the least rate alone the answer would have nine hours.
  serve({{"GET", "/much", send_much}}, with({.write_timeout = 50ms, .bytes_per_second_min = 1000}));
  raw_client stuck = connect(4096);
  stuck.send("GET /much HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_FALSE(log.wait_for(0).complete);
}

TEST_F(server_test, winding_down_it_ends_idle_connections_and_answers_new_ones) {
  serve({hello_route()});
  raw_client idle = connect();
  EXPECT_THAT(idle.ask(get_hello), EndsWith("hello"));
  http->wind_down();
  EXPECT_EQ(idle.read_to_end(), "");
  raw_client later = connect();
  later.send(get_hello);
  EXPECT_THAT(later.read_to_end(), HasSubstr("\r\nConnection: close\r\n"));
}

TEST_F(server_test, a_client_that_reads_slowly_gets_everything) {
  serve({{"GET", "/stream", stream_much}});
  raw_client client = connect(4096);
  client.send("GET /stream HTTP/1.0\r\n\r\n");
  client.read_until("\r\n\r\n");
  EXPECT_EQ(client.read_to_end().size(), 32'000'000U);
}

TEST(least_rate_test, who_keeps_the_least_rate_is_waited_for_and_who_stops_is_given_the_slack) {
  const least_rate rate{.bytes_per_second = 1000, .slack = 10s};
  const auto began = std::chrono::steady_clock::now();
  auto deadline = began + rate.slack;
  for (const auto passed : {1s, 2s, 3s, 4s, 5s, 6s, 7s, 8s, 9s, 10s, 11s, 12s})
    deadline = rate.extend(deadline, 1000, began + passed);
  EXPECT_EQ(deadline, began + 12s + rate.slack);
  EXPECT_EQ(rate.extend(deadline, 0, began + 15s), deadline);
  // Half the rate loses half of its time.
  EXPECT_EQ(rate.extend(deadline, 2500, began + 17s), began + 22s + 2500ms);
  // Megabytes at once are no credit for hours.
  EXPECT_EQ(rate.extend(deadline, 50'000'000, began + 17s), began + 17s + rate.slack);
  EXPECT_EQ((least_rate{.bytes_per_second = 0, .slack = 10s}.extend(began, 1, began)), began + 1s);
}

TEST_F(server_test, a_client_is_waited_for_as_long_as_it_keeps_the_least_rate) {
  // Far longer than a silent one, in bites that are smaller than what makes the kernel take more.
  serve({{"GET", "/much", send_much}}, with({.write_timeout = 400ms, .bytes_per_second_min = 100'000}));
  raw_client client = connect(4096);
  client.send("GET /much HTTP/1.1\r\nHost: x\r\n\r\n");
  for (const auto until = std::chrono::steady_clock::now() + 2s; std::chrono::steady_clock::now() < until;) {
    ASSERT_EQ(client.read_bytes(4096).size(), 4096U);
    std::unique_lock lock(log.mutex);
    ASSERT_FALSE(log.changed.wait_for(lock, 5ms, [this] { return !log.exchanges.empty(); }));
  }
}

TEST_F(server_test, has_a_cap_on_connections_of_one_address) {
  serve({hello_route()}, with({.connections_per_address_max = 1}));
  raw_client first = connect();
  EXPECT_THAT(first.ask(get_hello), EndsWith("hello"));
  raw_client second = connect();
  second.send(get_hello);
  EXPECT_THAT(second.read_to_end(), StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(first.ask(get_hello), EndsWith("hello"));
  EXPECT_EQ(http->counters().connections_refused, 1U);
}

TEST_F(server_test, has_a_cap_on_all_connections) {
  serve({hello_route()}, with({.connections_max = 1}));
  raw_client first = connect();
  EXPECT_THAT(first.ask(get_hello), EndsWith("hello"));
  raw_client second = connect();
  second.send(get_hello);
  EXPECT_THAT(second.read_to_end(), StartsWith("HTTP/1.1 503 "));
}

struct watched {
  std::promise<void> gone;
  std::promise<void> cancelled;
};

task<> wait_until_gone(exchange& call, watched& seen) {
  call.start_stream(200, {});
  co_await call.write("open");
  async::wakeup gone(call.get_executor());
  call.watch_peer([&gone] { gone.notify(); });
  try {
    co_await gone.wait();
    seen.gone.set_value();
  } catch (const boost::system::system_error&) {
    seen.cancelled.set_value();
    throw;
  }
}
handler watching(watched& seen) {
  return [&seen](exchange& call) { return wait_until_gone(call, seen); };
}

TEST_F(server_test, sees_a_client_go_while_it_streams) {
  watched seen;
  serve({{"GET", "/watch", watching(seen)}});
  auto gone = seen.gone.get_future();
  raw_client client = connect();
  client.send("GET /watch HTTP/1.1\r\nHost: x\r\n\r\n");
  client.read_until("open");
  // A request that comes ahead is no end.
  client.send(get_hello);
  EXPECT_EQ(gone.wait_for(50ms), std::future_status::timeout);
  client.close();
  EXPECT_EQ(gone.wait_for(patience), std::future_status::ready);
}

TEST_F(server_test, sees_a_client_go_behind_a_flood_of_requests) {
  watched seen;
  serve({{"GET", "/watch", watching(seen)}}, with({.header_bytes_max = 1000, .header_timeout = 100ms}));
  raw_client client = connect();
  client.send("GET /watch HTTP/1.1\r\nHost: x\r\n\r\n");
  client.read_until("open");
  client.send(std::string(100'000, 'x'));
  client.close();
  EXPECT_EQ(seen.gone.get_future().wait_for(patience), std::future_status::ready);
}

task<> watch_and_answer(exchange& call) {
  call.watch_peer([] {});
  co_await asio::post(call.get_executor(), use_task);
  co_await call.respond(make_response(200, "text/plain", "hello"));
}
TEST_F(server_test, a_watched_exchange_leaves_the_connection_usable) {
  serve({{"GET", "/hello", watch_and_answer}});
  raw_client client = connect();
  for (int i = 0; i < 5; ++i)
    EXPECT_THAT(client.ask(get_hello), EndsWith("hello"));
  client.send(std::string(get_hello) + std::string(get_hello));
  EXPECT_THAT(client.read_answer(), EndsWith("hello"));
  EXPECT_THAT(client.read_answer(), EndsWith("hello"));
}

task<> echo_bytes(taken_socket taken) {
  co_await taken.socket.write_all(taken.unread);
  std::array<char, 100> bytes;
  for (;;) {
    const auto got = taken.socket.try_read(bytes);
    if (got.error) co_return;
    if (got.would_block) {
      if (co_await taken.socket.wait_readable()) co_return;
    } else {
      co_await taken.socket.write_all(std::string_view(bytes.data(), got.bytes));
    }
  }
}
task<> take_over(exchange& call) {
  call.watch_peer([] {});
  if (co_await call.respond_raw(101, "HTTP/1.1 101 Switching Protocols\r\n\r\n")) co_return;
  asio::co_spawn(call.get_executor(), echo_bytes(call.take_socket()), [](const std::exception_ptr&) {});
}
TEST_F(server_test, a_taken_socket_lives_on_without_the_server) {
  serve({{"GET", "/take", take_over}});
  raw_client client = connect();
  client.send("GET /take HTTP/1.1\r\nHost: x\r\n\r\nearly");
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101"));
  EXPECT_EQ(client.read_bytes(5), "early");
  EXPECT_EQ(http->counters().connections_open, 1U);
  http->stop(0ms);
  http.reset();
  client.send("late");
  EXPECT_EQ(client.read_bytes(4), "late");
}

TEST_F(server_test, does_not_share_a_port_and_says_so) {
  serve({hello_route()});
  const auto taken = http->local_endpoint();
  server second(workers, buffers, {.listen = taken}, router({}));
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, StartsWith("address 127.0.0.1:" + std::to_string(taken.port()) + " is in use"));
}

TEST_F(server_test, a_stop_ends_idle_connections_and_lets_answers_end) {
  std::promise<void> entered;
  async::wakeup* release = nullptr;
  executor* where = nullptr;
  struct gate {
    std::promise<void>& entered;
    async::wakeup*& release;
    executor*& where;
    static task<> wait(exchange& call, gate here) {
      executor on = call.get_executor();
      async::wakeup go(on);
      here.release = &go;
      here.where = &on;
      here.entered.set_value();
      co_await go.wait();
      co_await call.respond(make_response(200, "text/plain", "done"));
    }
  };
  const gate here{entered, release, where};
  serve({hello_route(), {"GET", "/gate", [here](exchange& call) { return gate::wait(call, here); }}});
  raw_client idle = connect();
  EXPECT_THAT(idle.ask(get_hello), EndsWith("hello"));
  raw_client busy = connect();
  busy.send("GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
  entered.get_future().wait();
  auto stopped = std::async(std::launch::async, [&] { http->stop(patience); });
  EXPECT_EQ(idle.read_to_end(), "");
  while (raw_client(http->local_endpoint()).connected()) {
  }
  asio::post(*where, [release] { release->notify(); });
  const std::string answer = busy.read_to_end();
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("done"));
  EXPECT_EQ(stopped.wait_for(patience), std::future_status::ready);
}

TEST_F(server_test, a_stop_cuts_what_does_not_end_in_time) {
  watched seen;
  serve({{"GET", "/watch", watching(seen)}});
  raw_client client = connect();
  client.send("GET /watch HTTP/1.1\r\nHost: x\r\n\r\n");
  client.read_until("open");
  http->stop(10ms);
  EXPECT_EQ(seen.cancelled.get_future().wait_for(0ms), std::future_status::ready);
  client.read_to_end();
  EXPECT_TRUE(log.failures.empty());
  EXPECT_EQ(http->counters().connections_open, 0U);
}

}  // namespace
}  // namespace sluice::http
