#include "http/client.hpp"

#include <array>

#include "async/task_group.hpp"
#include "http/client_testing.hpp"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;
using namespace testing;

task<> send_in_pieces(client& http, origin to) {
  const std::array<std::string_view, 3> body = {"{\"a\":", "", "1}"};
  const client_request request{
      .to = to, .target = "/v1/chat?x=1", .header_lines = "Authorization: Bearer key\r\n", .body = body};
  auto response = co_await http.send(request, {});
  EXPECT_TRUE(response);
  if (!response) co_return;
  EXPECT_EQ(response->status(), 429U);
  EXPECT_EQ(response->header("retry-after"), "7");
  EXPECT_EQ(response->header("nothing"), "");
  EXPECT_EQ((co_await response->read_all(100)).value(), "no");
  EXPECT_EQ((co_await response->read_some()).value(), "");
}
task<> hear_exactly(scripted_peer& peer) {
  tcp_socket socket = co_await peer.accept();
  EXPECT_EQ(co_await hear(socket), "POST /v1/chat?x=1 HTTP/1.1\r\nHost: " + peer.here().authority() +
                                       "\r\nAccept-Encoding: identity\r\nAuthorization: Bearer key\r\n"
                                       "Content-Length: 7\r\n\r\n{\"a\":1}");
  co_await say(socket, "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno");
}
TEST_F(client_test, a_request_goes_out_as_it_is_and_any_status_comes_back) {
  client http = make_client();
  run(send_in_pieces(http, peer.here()), hear_exactly(peer));
}

task<> ask_twice(client& http, origin to) {
  expect_body(co_await ask(http, to), "ok");
  expect_body(co_await ask(http, to), "ok");
}
task<> answer_twice_on_one(scripted_peer& peer) {
  tcp_socket socket = co_await peer.accept();
  for (int i = 0; i < 2; ++i) {
    co_await hear(socket);
    co_await say(socket, ok);
  }
  EXPECT_FALSE(peer.has_caller());
}
TEST_F(client_test, keeps_a_connection_for_the_next_request) {
  client http = make_client();
  run(ask_twice(http, peer.here()), answer_twice_on_one(peer));
}

task<> answer_on_two(scripted_peer& peer, std::string first) {
  tcp_socket one = co_await peer.accept();
  co_await hear(one);
  co_await say(one, first);
  co_await hear_end(one);
  tcp_socket other = co_await peer.accept();
  co_await hear(other);
  co_await say(other, ok);
}
TEST_F(client_test, does_not_keep_what_is_to_be_closed_or_says_too_much) {
  client http = make_client();
  run(ask_twice(http, peer.here()),
      answer_on_two(peer, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"));
  run(ask_twice(http, peer.here()), answer_on_two(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore"));
  run(ask_twice(http, peer.here()),
      answer_on_two(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nmore"));
}

TEST_F(client_test, a_body_may_be_chunked_or_last_until_the_close) {
  client http = make_client();
  run(expect_answer(http, peer.here(), "hello"),
      answer_and_wait(peer,
                      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                      "Connection: close\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"));
  run(expect_answer(http, peer.here(), "until the end"), answer_once(peer, "HTTP/1.1 200 OK\r\n\r\nuntil the end"));
  run(expect_answer(http, peer.here(), ""),
      answer_and_wait(peer, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
}

task<> answer_byte_by_byte(scripted_peer& peer, std::string_view text) {
  tcp_socket socket = co_await peer.accept();
  socket.set_option(asio::ip::tcp::no_delay(true));
  co_await hear(socket);
  for (const char& c : text) {
    co_await say(socket, {&c, 1});
    // Lets the client's side of the loop read.
    co_await asio::post(socket.get_executor(), use_task);
    co_await asio::post(socket.get_executor(), use_task);
  }
  co_await hear_end(socket);
}
TEST_F(client_test, bytes_may_come_one_by_one) {
  client http = make_client();
  run(expect_answer(http, peer.here(), "hello world"),
      answer_byte_by_byte(peer,
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                          "5\r\nhello\r\n6;x\r\n world\r\n0\r\nA: b\r\n\r\n"));
}

TEST_F(client_test, a_head_may_be_larger_than_a_read) {
  client http = make_client({.read_bytes = 64});
  run(expect_answer(http, peer.here(), std::string(1000, 'x')),
      answer_and_wait(peer, "HTTP/1.1 200 OK\r\nX-Long: " + std::string(5000, 'y') +
                                "\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x')));
}

TEST_F(client_test, a_cut_is_never_an_end) {
  client http = make_client();
  const std::string in_the_middle = "closed the connection in the middle of its response";
  for (const char* text : {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"})
    run(expect_failure(http, peer.here(), error_reason::bad_gateway, in_the_middle), answer_once(peer, text));
  for (const char* text : {"", "HTTP/1.1 200 OK\r\nX"})
    run(expect_failure(http, peer.here(), error_reason::bad_gateway, "before it answered"), answer_once(peer, text));
}

task<> read_up_to_the_fault(client& http, origin to) {
  const client_request request{.to = to, .target = "/"};
  auto response = co_await http.send(request, {});
  EXPECT_EQ((co_await response.value().read_some()).value(), "hel");
  expect_error(co_await response->read_some(), error_reason::bad_gateway, "malformed");
  expect_error(co_await response->read_some(), error_reason::bad_gateway, "malformed");
}
TEST_F(client_test, what_came_before_a_fault_is_given) {
  client http = make_client();
  run(read_up_to_the_fault(http, peer.here()),
      answer_and_wait(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhelX"));
}

TEST_F(client_test, nonsense_is_bad_gateway) {
  client http = make_client();
  run(expect_failure(http, peer.here(), error_reason::bad_gateway, "not HTTP"), answer_and_wait(peer, "SSH-2.0"));
  run(expect_failure(http, peer.here(), error_reason::bad_gateway, "malformed"),
      answer_and_wait(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello"));
  run(expect_failure(http, peer.here(), error_reason::bad_gateway, "too large"),
      answer_and_wait(peer, "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x')));
  run(expect_failure(http, peer.here(), error_reason::bad_gateway, "larger than"),
      answer_and_wait(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + std::string(1'100'000, 'x')));
}

task<> refuse_bad_targets(client& http, origin to) {
  for (const std::string_view target : {"", "x", "/a b", "/a\r\nX: y"}) {
    const client_request request{.to = to, .target = target};
    expect_error(co_await http.send(request, {}), error_reason::invalid_argument, "path");
  }
}
task<> nothing() {
  co_return;
}
TEST_F(client_test, a_target_cannot_smuggle) {
  client http = make_client();
  run(refuse_bad_targets(http, peer.here()), nothing());
}

task<> expect_refused(client& http, origin to) {
  expect_error(co_await ask(http, to), error_reason::unavailable, "cannot connect to 127.0.0.1:");
  to.host = "nowhere.invalid";
  expect_error(co_await ask(http, to), error_reason::unavailable, "cannot resolve nowhere.invalid");
}
TEST_F(client_test, who_is_not_there_is_unavailable) {
  client http = make_client();
  const origin to = peer.here();
  peer.close();
  run(expect_refused(http, to), nothing());
}

// --- connections that die, and are left ---------------------------------------------------------------------------

task<> die_when_asked_again(scripted_peer& peer, std::string last_words, bool answered_at_last) {
  {
    tcp_socket socket = co_await peer.accept();
    co_await hear(socket);
    co_await say(socket, ok);
    co_await hear(socket);
    co_await say(socket, last_words);
  }
  if (!last_words.empty()) co_return;
  tcp_socket socket = co_await peer.accept();
  const std::string again = co_await hear(socket);
  EXPECT_TRUE(again.ends_with("\r\n\r\n{}"));
  if (answered_at_last) co_await say(socket, ok);
}
TEST_F(client_test, repeats_once_what_died_on_a_used_connection) {
  client http = make_client();
  run(ask_twice(http, peer.here()), die_when_asked_again(peer, "", true));
}

task<> ask_and_fail(client& http, origin to, std::string_view part_of_message) {
  expect_body(co_await ask(http, to), "ok");
  expect_error(co_await ask(http, to), error_reason::bad_gateway, part_of_message);
}
TEST_F(client_test, repeats_no_second_time) {
  client http = make_client();
  run(ask_and_fail(http, peer.here(), "before it answered"), die_when_asked_again(peer, "", false));
}
TEST_F(client_test, repeats_nothing_after_a_byte_of_the_response) {
  client http = make_client();
  run(ask_and_fail(http, peer.here(), "before it answered"), die_when_asked_again(peer, "HTTP/1.1 2", false));
  EXPECT_FALSE(peer.has_caller());
}

TEST_F(client_test, repeats_nothing_after_an_interim_response) {
  client http = make_client();
  run(ask_and_fail(http, peer.here(), "before it answered"),
      die_when_asked_again(peer, "HTTP/1.1 100 Continue\r\n\r\n", false));
  EXPECT_FALSE(peer.has_caller());
}

task<> die_in_the_midst_of_work(scripted_peer& peer) {
  tcp_socket socket = co_await peer.accept();
  co_await hear(socket);
  co_await say(socket, ok);
  co_await hear(socket);
  steady_timer work(co_await asio::this_coro::executor, 500ms);
  co_await work.async_wait(use_task);
}
TEST_F(client_test, repeats_nothing_that_was_worked_on) {
  client http = make_client();
  run(ask_and_fail(http, peer.here(), "before it answered"), die_in_the_midst_of_work(peer));
  EXPECT_FALSE(peer.has_caller());
}

task<> ask_too_much(client& http, origin to) {
  const std::string body(32 << 20, 'x');
  const auto got = co_await ask(http, to, body);
  EXPECT_TRUE(got) << (got ? "" : got.error().message);
  if (got) EXPECT_EQ(got->status, 413U);
  expect_body(co_await ask(http, to), "ok");
}
task<> answer_too_early(scripted_peer& peer, std::string text) {
  {
    tcp_socket socket = co_await peer.accept();
    co_await say(socket, text);
  }
  co_await answer_once(peer, std::string(ok));
}
TEST_F(client_test, an_answer_before_the_end_of_the_request_counts) {
  client http = make_client();
  for (const char* text : {"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!",
                           "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"})
    run(ask_too_much(http, peer.here()), answer_too_early(peer, text));
}

task<> close_while_idle(scripted_peer& peer, async::wakeup& closed) {
  {
    tcp_socket socket = co_await peer.accept();
    co_await hear(socket);
    co_await say(socket, ok);
  }
  closed.notify();
  co_await answer_once(peer, std::string(ok));
}
task<> ask_after_close(client& http, origin to, async::wakeup& closed) {
  expect_body(co_await ask(http, to), "ok");
  co_await closed.wait();
  expect_body(co_await ask(http, to), "ok");
}
TEST_F(client_test, an_idle_connection_that_was_closed_is_not_used) {
  client http = make_client();
  async::wakeup closed(loop.get_executor());
  run(ask_after_close(http, peer.here(), closed), close_while_idle(peer, closed));
}

task<> leave_in_the_middle(client& http, origin to) {
  const client_request request{.to = to, .target = "/"};
  auto response = co_await http.send(request, {});
  EXPECT_EQ((co_await response.value().read_some()).value(), "hel");
}
TEST_F(client_test, leaving_a_response_closes_the_connection) {
  client http = make_client();
  run(leave_in_the_middle(http, peer.here()),
      answer_and_wait(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"));
}

task<> answer_and_notify(scripted_peer& peer, std::string text, std::function<void()> then) {
  tcp_socket socket = co_await peer.accept();
  co_await hear(socket);
  co_await say(socket, text);
  then();
  co_await hear_end(socket);
}
TEST_F(client_test, cancelling_closes_the_connection_and_throws) {
  client http = make_client();
  for (const char* text : {"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"}) {
    async::task_group group(loop.get_executor(), [](const std::exception_ptr&) { ADD_FAILURE(); });
    group.spawn(expect_answer(http, peer.here(), "never"));
    run(nothing(), answer_and_notify(peer, text, [&] { group.cancel(); }));
    EXPECT_EQ(group.size(), 0U);
  }
}

task<> read_until_aborted(client& http, origin to, client_response** shared) {
  const client_request request{.to = to, .target = "/"};
  auto response = co_await http.send(request, {});
  *shared = &response.value();
  EXPECT_EQ((co_await response->read_some()).value(), "hel");
  expect_error(co_await response->read_some(), error_reason::cancelled, "given up");
  expect_error(co_await response->read_some(), error_reason::cancelled, "given up");
  *shared = nullptr;
}
task<> abort_when_read(scripted_peer& peer, client_response** shared) {
  tcp_socket socket = co_await peer.accept();
  co_await hear(socket);
  co_await say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
  while (*shared == nullptr)
    co_await asio::post(socket.get_executor(), use_task);
  (*shared)->abort();
  co_await hear_end(socket);
}
TEST_F(client_test, abort_closes_at_once) {
  client http = make_client();
  client_response* shared = nullptr;
  run(read_until_aborted(http, peer.here(), &shared), abort_when_read(peer, &shared));
}

}  // namespace
}  // namespace sluice::http
