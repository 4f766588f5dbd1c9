// Bodies: read when the handler asks for them, at a least rate, within what all of them may hold.
#include <list>

#include "async/wakeup.hpp"
#include "http/server_testing.hpp"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view get_hello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

server_settings with(server_limits limits) {
  return {.limits = limits};
}

// Asks who it is before it looks at the body.
task<> refuse_strangers(exchange& call) {
  co_await call.respond_error({.reason = error_reason::unauthenticated, .message = "who are you?"});
}
route door() {
  return {"POST", "/door", refuse_strangers};
}

TEST_F(server_test, a_stranger_is_refused_before_the_body) {
  serve({door()});
  raw_client client = connect();
  client.send("POST /door HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("100 Continue")));
}

TEST_F(server_test, a_body_that_came_with_its_header_costs_no_connection) {
  serve({door(), hello_route()});
  raw_client client = connect();
  EXPECT_THAT(client.ask("POST /door HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"),
              StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(client.ask(get_hello), EndsWith("hello"));
}

TEST_F(server_test, a_body_may_come_in_any_pieces) {
  serve({echo_route(), hello_route()});
  raw_client client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  for (const char one : std::string_view("0123456789"))
    client.send(std::string_view(&one, 1));
  EXPECT_THAT(client.read_answer(), EndsWith("0123456789"));
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const char one : std::string_view("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))
    client.send(std::string_view(&one, 1));
  EXPECT_THAT(client.read_answer(), EndsWith("abcde"));
  EXPECT_THAT(client.ask(get_hello), EndsWith("hello"));
}

// Needs no more than ten bytes.
task<> echo_little(exchange& call) {
  const request& asked = call.request();
  if (co_await call.read_body(10)) co_await call.respond({.body = asked.body});
}

TEST_F(server_test, a_handler_may_take_less_than_the_server_does) {
  serve({{"POST", "/little", echo_little}});
  const std::string ask = "POST /little HTTP/1.1\r\nHost: x\r\n";
  EXPECT_THAT(connect().ask(ask + "Content-Length: 10\r\n\r\n0123456789"), EndsWith("0123456789"));
  raw_client waiting = connect();
  waiting.send(ask + "Content-Length: 11\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(waiting.read_to_end(), StartsWith("HTTP/1.1 413 "));
  raw_client whole = connect();
  whole.send(ask + "Content-Length: 11\r\n\r\n01234567890");
  EXPECT_THAT(whole.read_answer(), StartsWith("HTTP/1.1 413 "));
  raw_client chunked = connect();
  chunked.send(ask + "Transfer-Encoding: chunked\r\n\r\n100000\r\n0123456789a");
  EXPECT_THAT(chunked.read_to_end(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(server_test, bytes_that_came_early_do_not_buy_hours_of_silence) {
  // At the least rate the first bytes alone would be worth 100 seconds.
  serve({echo_route()}, with({.body_timeout = 50ms, .bytes_per_second_min = 1000}));
  raw_client client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + std::string(100'000, 'x'));
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 408 "));
}

// Once this is answered, the share of the body before it has been given back.
constexpr std::string_view echo_again = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nz";

TEST_F(server_test, all_bodies_together_are_bounded) {
  serve({echo_route()}, with({.bodies_bytes_max = 300'000, .linger_timeout = 100ms}));
  raw_client first = connect();
  first.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\nExpect: 100-continue\r\n\r\n");
  first.read_until("\r\n\r\n");  // from here on it has its share
  raw_client second = connect();
  second.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\nExpect: 100-continue\r\n\r\n");
  const std::string refusal = second.read_to_end();
  EXPECT_THAT(refusal, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(refusal, HasSubstr("\r\nRetry-After: 1\r\n"));
  first.send(std::string(200'000, 'x'));
  EXPECT_THAT(first.read_answer(), EndsWith("xxx"));
  EXPECT_THAT(first.ask(echo_again), EndsWith("z"));
  raw_client third = connect();
  third.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'y'));
  EXPECT_THAT(third.read_answer(), EndsWith("yyy"));
}

TEST_F(server_test, the_bodies_of_one_client_leave_room_for_others) {
  // Every client of this test comes from here and is told apart by what the proxy says.
  serve({echo_route()}, {.limits = {.body_bytes_max = 200'000, .bodies_bytes_max = 1'000'000, .linger_timeout = 100ms},
                         .trusted_proxies = {address_range::parse("127.0.0.1").value()}});
  const auto begin = [](raw_client& client, std::string_view address) {
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: " + std::string(address) +
                "\r\nContent-Length: 150000\r\nExpect: 100-continue\r\n\r\n");
  };
  const auto goes_on = [](raw_client& client) { return client.read_until("\r\n\r\n").contains("100 Continue"); };
  raw_client greedy = connect();
  begin(greedy, "192.0.2.1");
  EXPECT_TRUE(goes_on(greedy));
  raw_client again = connect();
  begin(again, "192.0.2.1");
  const std::string refusal = again.read_to_end();
  EXPECT_THAT(refusal, StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(refusal, HasSubstr("\r\nRetry-After: 1\r\n"));
  raw_client other = connect();
  begin(other, "192.0.2.2");
  EXPECT_TRUE(goes_on(other));
  for (raw_client* const one : {&greedy, &other}) {
    one->send(std::string(150'000, 'x'));
    EXPECT_THAT(one->read_answer(), EndsWith("xxx"));
  }
  EXPECT_THAT(greedy.ask(echo_again), EndsWith("z"));
  raw_client later = connect();
  begin(later, "192.0.2.1");
  EXPECT_TRUE(goes_on(later));
  later.send(std::string(150'000, 'y'));
  EXPECT_THAT(later.read_answer(), EndsWith("yyy"));
}

TEST_F(server_test, a_large_body_leaves_nothing_that_the_next_ones_would_pay_for) {
  serve({echo_route()}, with({.bodies_bytes_max = 150'000}));
  raw_client large = connect();
  large.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'));
  EXPECT_THAT(large.read_answer(), EndsWith("xxx"));
  std::list<raw_client> small;
  for (int i = 0; i < 4; ++i) {
    small.emplace_back(http->local_endpoint());
    small.back().send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(small.back().read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  }
  for (raw_client& one : small) {
    one.send("0123456789");
    EXPECT_THAT(one.read_answer(), EndsWith("0123456789"));
  }
}

task<> use_up_and_wait(exchange& call) {
  if (!co_await call.read_body()) co_return;
  call.release_body();
  call.start_stream(200, {});
  co_await call.write("working");
  async::wakeup gone(call.get_executor());
  call.watch_peer([&gone] { gone.notify(); });
  co_await gone.wait();
}
TEST_F(server_test, a_body_that_is_used_up_gives_its_room_to_others) {
  serve({{"POST", "/work", use_up_and_wait}, echo_route()}, with({.bodies_bytes_max = 250'000}));
  const std::string body(200'000, 'x');
  raw_client working = connect();
  working.send("POST /work HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + body);
  working.read_until("working");
  raw_client other = connect();
  other.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + body);
  EXPECT_THAT(other.read_answer(), EndsWith("xxx"));
}

TEST_F(server_test, a_client_that_goes_before_its_body_s_end_is_counted_as_gone) {
  serve({echo_route()});
  raw_client client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  client.close();
  const heard::finished one = log.wait_for(0);
  EXPECT_EQ(one.status, 499U);
  EXPECT_FALSE(one.complete);
  EXPECT_TRUE(log.failures.empty());
}

}  // namespace
}  // namespace sluice::http
