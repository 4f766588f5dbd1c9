#include "agent/providers/gemini.hpp"

#include <functional>
#include <future>
#include <optional>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/providers/scripted_peer.hpp"
#include "generation/answer.hpp"

// What is common to all providers over HTTP is tested in openai_test.cpp: here is what Gemini's dialect says and hears.

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view hello =
    R"(data: {"candidates":[{"content":{"parts":[{"text":"Hel"}],"role":"model"},"index":0}],"responseId":"r"}

)";
constexpr std::string_view goodbye =
    R"(data: {"candidates":[{"content":{"parts":[{"text":"lo"}],"role":"model"},"finishReason":"STOP","index":0}]}

)";
constexpr std::string_view last_chunk = "0\r\n\r\n";

std::string whole(std::string_view status, std::string_view body) {
  return fmt::format("HTTP/1.1 {}\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: {}\r\n\r\n{}",
                     status, body.size(), body);
}
std::string stream_head() {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
}
std::string chunked(std::string_view bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

class gemini_test : public testing::Test {
 protected:
  using script = std::function<void(scripted_connection&)>;

  void build(script told, std::string_view path = "") {
    peer.emplace(std::move(told));
    http_provider_settings with{.name = "up", .base_url = peer->url() + std::string(path)};
    with.api_key = secret_string("AIza-secret-key");
    auto made = make_gemini(std::move(with), *workers, lookups);
    ASSERT_TRUE(made) << made.error().message;
    subject = *made;
    log = std::make_shared<generation::log>(*workers, "gen_1", 1 << 20);
    out.emplace(*log);
    asked.messages.push_back({.role = generation::role::user, .parts = {{generation::text_part{"Hi"}}}});
    workers->start();
  }
  // Answers one request of every connection; what was asked is in `requests` when the peer is gone.
  script once(std::string bytes) {
    return [this, bytes = std::move(bytes)](scripted_connection& one) {
      requests.push_back(one.read_request());
      one.write(bytes);
    };
  }
  void TearDown() override {
    workers->stop();
    subject.reset();
    out.reset();
    log.reset();
    workers.reset();
    peer.reset();
  }
  result<void> generate(bool streamed = true) {
    asked.streamed = streamed;
    return asio::co_spawn((*workers)[0].get_executor(), subject->generate(asked, "gemini x", *out), asio::use_future)
        .get();
  }
  error failed(bool streamed = true) {
    const result<void> told = generate(streamed);
    EXPECT_FALSE(told);
    return told ? error{} : told.error();
  }
  std::string text() const { return generation::collect(*log).front().text; }
  std::string request() {
    peer.reset();  // its thread writes to `requests`
    return requests.empty() ? std::string() : requests.front();
  }

  std::vector<std::string> requests;
  std::unique_ptr<async::worker_pool> workers = std::make_unique<async::worker_pool>(1);
  async::blocking_pool lookups{"lookups", 1, 16};
  std::optional<scripted_peer> peer;
  std::shared_ptr<http_provider> subject;
  std::shared_ptr<generation::log> log;
  std::optional<provider_output> out;
  generation::request asked;
};

TEST_F(gemini_test, streams_until_the_end_of_the_body) {
  build(once(stream_head() + chunked(hello) + chunked(goodbye) + std::string(last_chunk)));
  EXPECT_EQ(subject->kind(), "gcp.gemini");
  ASSERT_TRUE(generate());
  EXPECT_EQ(text(), "Hello");
  const std::string sent = request();
  EXPECT_THAT(sent, HasSubstr("POST /v1beta/models/gemini%20x:streamGenerateContent?alt=sse HTTP/1.1\r\n"));
  EXPECT_THAT(sent, HasSubstr("x-goog-api-key: AIza-secret-key\r\n"));
  EXPECT_TRUE(sent.ends_with(R"({"contents":[{"role":"user","parts":[{"text":"Hi"}]}]})"));
}

TEST_F(gemini_test, asks_for_the_whole_answer_when_nobody_streams) {
  build(once(whole("200 OK", R"({"candidates":[{"content":{"parts":[{"text":"Hello"}]},"finishReason":"STOP"}]})")),
        "/proxy/v1beta");
  ASSERT_TRUE(generate(false));
  EXPECT_EQ(text(), "Hello");
  EXPECT_THAT(request(), HasSubstr("POST /proxy/v1beta/models/gemini%20x:generateContent HTTP/1.1\r\n"));
}

TEST_F(gemini_test, reports_a_refusal) {
  build(once(whole("429 Too Many Requests", R"([{"error":{"code":429,"message":"slow down",
    "status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo",
    "retryDelay":"7s"}]}}])")));
  const error told = failed();
  EXPECT_EQ(told.reason, error_reason::rate_limited);
  EXPECT_EQ(told.message, "provider up: slow down");
  EXPECT_EQ(told.retry_after, 7s);
}

TEST_F(gemini_test, never_shows_its_key) {
  build(once(whole("400 Bad Request",
                   R"({"error":{"code":400,"message":"what is AIza-secret-key?","status":"INVALID_ARGUMENT"}})")));
  const error told = failed();
  EXPECT_EQ(told.reason, error_reason::invalid_argument);
  EXPECT_THAT(told.message + told.detail, Not(HasSubstr("AIza-secret")));
}

TEST_F(gemini_test, an_error_in_the_middle_of_the_stream) {
  build(once(stream_head() + chunked(hello) +
             chunked(R"(data: {"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}})"
                     "\n\n") +
             std::string(last_chunk)));
  const error told = failed();
  EXPECT_EQ(told.reason, error_reason::unavailable);
  EXPECT_EQ(told.message, "provider up: The model is overloaded.");
  EXPECT_EQ(text(), "Hel");
}

TEST_F(gemini_test, a_body_that_ends_without_a_reason_is_not_complete) {
  build(once(stream_head() + chunked(hello) + std::string(last_chunk)));
  const error told = failed();
  EXPECT_EQ(told.reason, error_reason::bad_gateway);
  EXPECT_THAT(told.message, HasSubstr("without saying that it was complete"));
}

TEST_F(gemini_test, nor_is_one_whose_connection_is_cut) {
  build(once(stream_head() + chunked(hello) + chunked(goodbye)));
  EXPECT_EQ(failed().reason, error_reason::bad_gateway);
  EXPECT_EQ(text(), "Hello");
}

TEST_F(gemini_test, a_prompt_that_was_blocked_is_an_answer) {
  build(once(whole("200 OK", R"({"promptFeedback":{"blockReason":"SAFETY"}})")));
  ASSERT_TRUE(generate(false));
  const generation::finish how = out->conclude(generation::status::completed, 0);
  ASSERT_EQ(how.choices.size(), 1U);
  EXPECT_EQ(how.choices[0].reason, generation::finish_reason::content_filter);
}

TEST_F(gemini_test, refuses_what_cannot_be_said_without_asking) {
  build(once(""));
  asked.tools = {{.name = "f"}};
  asked.parallel_tool_calls = false;
  EXPECT_EQ(failed().param, "parallel_tool_calls");
  EXPECT_EQ(request(), "");
}

TEST_F(gemini_test, closes_the_connection_when_it_is_cancelled) {
  std::promise<void> begun;
  std::promise<void> closed;
  build([&](scripted_connection& one) {
    one.read_request();
    one.write(stream_head() + chunked(hello));
    begun.set_value();
    one.await_close();
    closed.set_value();
  });
  asio::cancellation_signal cancel;
  std::promise<std::exception_ptr> ended;
  asio::co_spawn((*workers)[0].get_executor(), subject->generate(asked, "m", *out),
                 asio::bind_cancellation_slot(
                     cancel.slot(), [&](std::exception_ptr thrown, const result<void>&) { ended.set_value(thrown); }));
  begun.get_future().wait();
  (*workers)[0].post([&] { cancel.emit(asio::cancellation_type::terminal); });
  EXPECT_TRUE(ended.get_future().get());
  closed.get_future().wait();
}

}  // namespace
}  // namespace sluice::agent
