// Calls with one answer over real sockets.
#include <array>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "async/with_deadline.hpp"
#include "rpc/rpc_testing.hpp"

namespace sluice::rpc::testing {
namespace {

class unary_call_test : public rpc_fixture {};

TEST_F(unary_call_test, carries_messages_and_what_goes_beside_them) {
  serve_and_connect();
  const std::string any_bytes("\0\xff\x80 text", 8);
  const auto answer = say("", any_bytes, 0,
                          {.deadline = patience,
                           .request_id = "req_1",
                           .trace = telemetry::parse_trace_context(
                               "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "rojo=00f067aa0ba902b7")});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->text(), any_bytes);
  EXPECT_EQ(answer->request_id(), "req_1");
  EXPECT_EQ(answer->trace_parent(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  EXPECT_EQ(answer->trace_state(), "rojo=00f067aa0ba902b7");
  EXPECT_GT(answer->left_ms(), 0);
  EXPECT_LE(answer->left_ms(), (patience + 1s).count());  // it travels rounded up
}

TEST_F(unary_call_test, what_no_header_can_carry_is_left_out) {
  serve_and_connect();
  for (const std::string& odd : {std::string("\r\nx: y"), std::string("\xff\0", 2), std::string("é"),
                                 std::string(5000, 'x'), std::string(100'000, 'x')}) {
    const auto answer =
        say("", "hello", 0, {.deadline = patience, .request_id = odd, .trace = {.trace_id = {}, .state = odd}});
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->request_id(), "");
    EXPECT_EQ(answer->trace_parent(), "");
  }
}

TEST_F(unary_call_test, errors_come_whole_but_for_their_detail) {
  serve_and_connect();
  for (int reason = 0; reason <= static_cast<int>(error_reason::timed_out); ++reason) {
    const std::string message = "it is \xff wrong: " + std::string(300, 'w');
    const auto answer = say("fail", message, static_cast<std::uint64_t>(reason));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason, static_cast<error_reason>(reason));
    EXPECT_EQ(answer.error().message, message);
    EXPECT_EQ(answer.error().param, "messages[2].role");
    EXPECT_EQ(answer.error().retry_after, 1234ms);
    EXPECT_EQ(answer.error().detail, "");
  }
}

TEST_F(unary_call_test, a_huge_error_is_cut_and_still_arrives) {
  serve_and_connect();
  std::string message(300'000, 'a');
  message.insert(8191, "é");
  const auto answer = say("fail", message, static_cast<std::uint64_t>(error_reason::not_found));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, error_reason::not_found);
  EXPECT_EQ(answer.error().message, std::string(8191, 'a'));
}

TEST_F(unary_call_test, what_a_handler_throws_is_logged_and_not_sent) {
  serve_and_connect();
  const auto answer = say("throw", "the table is on fire");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, error_reason::internal);
  EXPECT_EQ(answer.error().message, "internal error");
  one.reset();
  links.reset();
  log = telemetry::logger({.descriptor = 2});
  EXPECT_NE(lines.read().find("the table is on fire"), std::string::npos);
}

TEST_F(unary_call_test, a_deadline_ends_both_sides) {
  serve_and_connect();
  const auto answer = say("wait", "", 0, {.deadline = 100ms});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, error_reason::unavailable);
  EXPECT_EQ(answer.error().message, "echo did not answer in time");
  EXPECT_TRUE(answer.error().retry_after);
  EXPECT_TRUE(one->service->cancelled.wait());
}

task<bool> call_for(channel& over, milliseconds limit) {
  client<v1::Echo> stub(over);
  v1::SayRequest request;
  request.set_how("wait");
  const auto answer =
      co_await async::with_deadline(stub.call(&echo::Say, std::move(request), {.deadline = patience}), limit);
  co_return answer.has_value();
}

TEST_F(unary_call_test, a_cancelled_coroutine_cancels_the_handler) {
  serve_and_connect();
  EXPECT_FALSE(run(call_for(*links, 100ms)));
  EXPECT_TRUE(one->service->cancelled.wait());
  EXPECT_TRUE(say("", "and it goes on"));
}

TEST_F(unary_call_test, messages_past_the_limit_are_too_large_either_way) {
  serve_and_connect();
  const auto asked = say("", std::string(message_bytes_max + 1, 'x'));
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().reason, error_reason::too_large);
  const auto answered = say("grow", "", message_bytes_max + 1);
  ASSERT_FALSE(answered);
  EXPECT_EQ(answered.error().reason, error_reason::too_large) << answered.error().detail;
  const auto fits = say("grow", "", message_bytes_max - 1000);
  ASSERT_TRUE(fits) << fits.error().detail;
  EXPECT_EQ(fits->text().size(), message_bytes_max - 1000);
}

TEST_F(unary_call_test, a_node_that_goes_in_mid_call_is_away) {
  serve_and_connect();
  auto waiting = std::async(std::launch::async, [this] { return say("wait"); });
  ASSERT_TRUE(one->service->waiting.wait());
  one->server.stop(0ms);
  const auto answer = waiting.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, error_reason::unavailable) << answer.error().detail;
  EXPECT_TRUE(answer.error().retry_after);
}

TEST_F(unary_call_test, nobody_there_is_away_at_once_and_comes_back_by_itself) {
  serve();
  const std::string address = one->server.address();
  one.reset();
  links = connect({"grpc://" + address});
  const auto refused = say("", "hello");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, error_reason::unavailable);
  EXPECT_EQ(refused.error().message, "echo is away");
  EXPECT_EQ(refused.error().retry_after, 1000ms);
  EXPECT_NE(refused.error().detail.find("gRPC code 14"), std::string::npos);

  auto told = local();
  told.listen = address;
  serve(told);
  const auto back = say("", "hello", 0, {.deadline = patience, .wait_for_ready = true});
  EXPECT_TRUE(back) << back.error().detail;
}

TEST_F(unary_call_test, a_channel_that_goes_ends_its_calls) {
  serve_and_connect();
  auto waiting = std::async(std::launch::async, [this] { return say("wait"); });
  ASSERT_TRUE(one->service->waiting.wait());
  links->cancel_all();
  const auto answer = waiting.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, error_reason::unavailable);
  links.reset();
  EXPECT_TRUE(one->service->cancelled.wait());
}

TEST_F(unary_call_test, many_at_once_from_all_workers) {
  serve_and_connect();
  client<v1::Echo> stub(*links);
  std::vector<std::future<result<v1::SayResponse>>> answers;
  for (std::size_t i = 0; i < 500; ++i) {
    v1::SayRequest request;
    request.set_text(std::to_string(i));
    answers.push_back(asio::co_spawn(workers[i % workers.size()].get_executor(),
                                     stub.call(&echo::Say, std::move(request), {.deadline = patience}),
                                     asio::use_future));
  }
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto answer = answers[i].get();
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->text(), std::to_string(i));
  }
}

TEST_F(unary_call_test, calls_past_the_most_there_may_be_are_refused) {
  auto told = local();
  told.calls_max = 1;
  serve(told);
  links = connect({one->server.address()});
  auto waiting = std::async(std::launch::async, [this] { return say("wait"); });
  ASSERT_TRUE(one->service->waiting.wait());
  const auto refused = say("", "one more");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, error_reason::unavailable);
  EXPECT_EQ(refused.error().message, "the service is overloaded");
  links->cancel_all();
  EXPECT_FALSE(waiting.get());
}

}  // namespace
}  // namespace sluice::rpc::testing
