// What the client bounds: times, and connections.
#include "async/task_group.hpp"
#include "http/client.hpp"
#include "http/client_testing.hpp"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;
using namespace testing;

TEST_F(client_test, the_first_byte_has_a_deadline) {
  client http = make_client();
  for (const char* text : {"", "HTTP/1.1 200 OK\r\nX", "HTTP/1.1 100 Continue\r\n\r\n"})
    run(expect_failure(http, peer.here(), error_reason::timed_out, "within 20ms (first byte deadline)",
                       {.first_byte = 20ms}),
        answer_and_wait(peer, text));
}
TEST_F(client_test, silence_between_bytes_has_a_deadline) {
  client http = make_client();
  run(expect_failure(http, peer.here(), error_reason::timed_out, "silent for 20ms", {.between_bytes = 20ms}),
      answer_and_wait(peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"));
}

task<> trickle(scripted_peer& peer) {
  tcp_socket socket = co_await peer.accept();
  co_await hear(socket);
  co_await say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
  steady_timer timer(socket.get_executor());
  for (;;) {
    const auto [code, bytes] = co_await asio::async_write(socket, asio::buffer("x", 1), use_task_nothrow);
    if (code) co_return;
    timer.expires_after(1ms);
    co_await timer.async_wait(use_task);
  }
}
TEST_F(client_test, the_whole_has_a_deadline_even_if_bytes_come) {
  client http = make_client();
  run(expect_failure(http, peer.here(), error_reason::timed_out, "did not finish within 30ms (total deadline)",
                     {.between_bytes = 20s, .total = 30ms}),
      trickle(peer));
}

task<> hold_and_ask(client& http, origin to) {
  const client_request request{.to = to, .target = "/"};
  const auto held = co_await http.send(request, {});
  EXPECT_TRUE(held);
  expect_error(co_await ask(http, to, "{}", {.connect = 20ms}), error_reason::timed_out, "connect deadline");
}
TEST_F(client_test, waiting_for_a_connection_has_a_deadline) {
  client http = make_client({.pool = {.connections_per_origin_max = 1}});
  run(hold_and_ask(http, peer.here()), answer_and_wait(peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
}

task<> answer_three_on_one(scripted_peer& peer, async::task_group& askers) {
  tcp_socket socket = co_await peer.accept();
  for (int i = 0; i < 3; ++i) {
    co_await hear(socket);
    EXPECT_EQ(askers.size(), static_cast<std::size_t>(3 - i));
    co_await say(socket, ok);
  }
  co_await askers.join();
  EXPECT_FALSE(peer.has_caller());
}
TEST_F(client_test, who_comes_when_all_are_in_use_waits_for_his_turn_or_is_refused) {
  client http = make_client({.pool = {.connections_per_origin_max = 1, .waiting_per_origin_max = 2}});
  async::task_group askers(loop.get_executor(), [](const std::exception_ptr&) { ADD_FAILURE(); });
  for (int i = 0; i < 3; ++i)
    askers.spawn(expect_answer(http, peer.here(), "ok"));
  loop.poll();
  run(expect_failure(http, peer.here(), error_reason::unavailable, "in use"), answer_three_on_one(peer, askers));
}

task<> ask_and_linger(client& http, origin to, async::wakeup& closed) {
  expect_body(co_await ask(http, to), "ok");
  co_await closed.wait();
}
task<> answer_until_idle_close(scripted_peer& peer, async::wakeup& closed) {
  co_await answer_and_wait(peer, std::string(ok));
  closed.notify();
}
TEST_F(client_test, closes_what_is_idle_for_too_long) {
  client http = make_client({.pool = {.idle_timeout = 5ms}});
  async::wakeup closed(loop.get_executor());
  run(ask_and_linger(http, peer.here(), closed), answer_until_idle_close(peer, closed));
}

}  // namespace
}  // namespace sluice::http
