#include "agent/providers/openai.hpp"

#include <deque>
#include <future>
#include <mutex>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/providers/scripted_peer.hpp"
#include "generation/answer.hpp"

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view hello =
    R"(data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}

data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}

)";
constexpr std::string_view done = "data: [DONE]\n\n";

std::string head(std::string_view status, std::string_view fields) {
  return fmt::format("HTTP/1.1 {}\r\n{}", status, fields);
}
std::string whole(std::string_view status, std::string_view type, std::string_view body, std::string_view more = "") {
  return head(status, fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n{}\r\n{}", type, body.size(), more, body));
}
std::string stream_head() {
  return head("200 OK", "Content-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n");
}
std::string chunked(std::string_view bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}
constexpr std::string_view last_chunk = "0\r\n\r\n";

class openai_test : public testing::Test {
 protected:
  using script = std::function<void(scripted_connection&)>;

  void build(script told, http_provider_settings with = {}) {
    peer.emplace(std::move(told));
    with.name = "up";
    with.base_url = peer->url() + "/v1";
    with.api_key = secret_string("sk-secret-key");
    auto made = make_openai(std::move(with), *workers, lookups);
    ASSERT_TRUE(made) << made.error().message;
    subject = *made;
    log = std::make_shared<generation::log>(*workers, "gen_1", 1 << 20);
    out.emplace(*log);
    workers->start();
  }
  // Answers every request of every connection with the same bytes.
  static script always(std::string bytes) {
    return [bytes = std::move(bytes)](scripted_connection& one) {
      while (!one.read_request().empty())
        one.write(bytes);
    };
  }
  void TearDown() override {
    if (!workers) return;
    workers->stop();
    subject.reset();
    out.reset();
    log.reset();
    workers.reset();  // with what was still under way on it, which closes the connections that the peer reads from
    peer.reset();
  }
  result<void> generate(bool streamed = true) {
    asked.streamed = streamed;
    if (asked.messages.empty())
      asked.messages.push_back({.role = generation::role::user, .parts = {{generation::text_part{"Hi"}}}});
    return asio::co_spawn((*workers)[0].get_executor(), subject->generate(asked, "m", *out), asio::use_future).get();
  }
  error failed(bool streamed = true) {
    const result<void> told = generate(streamed);
    EXPECT_FALSE(told);
    return told ? error{} : told.error();
  }
  std::string text() const { return generation::collect(*log).front().text; }

  std::unique_ptr<async::worker_pool> workers = std::make_unique<async::worker_pool>(1);
  async::blocking_pool lookups{"lookups", 1, 16};
  std::optional<scripted_peer> peer;
  std::shared_ptr<http_provider> subject;
  std::shared_ptr<generation::log> log;
  std::optional<provider_output> out;
  generation::request asked;
};

TEST_F(openai_test, streams_and_keeps_the_connection) {
  std::vector<std::string> requests;
  std::atomic<int> connections = 0;
  http_provider_settings with;
  with.headers.emplace_back("X-Team", secret_string("blue"));
  build(
      [&](scripted_connection& one) {
        ++connections;
        for (std::string request = one.read_request(); !request.empty(); request = one.read_request()) {
          requests.push_back(request);
          // In one piece: the peer has one thread, and would not hear of a second connection while this one is open.
          one.write(stream_head() + chunked(hello.substr(0, 20)) + chunked(hello.substr(20)) + chunked(done) +
                    std::string(last_chunk));
        }
      },
      std::move(with));
  ASSERT_TRUE(generate());
  EXPECT_EQ(text(), "Hello");
  ASSERT_TRUE(generate());
  EXPECT_EQ(text(), "HelloHello");
  TearDown();
  peer.reset();  // its thread writes to `requests`
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_LE(connections, 2);
  EXPECT_THAT(requests[0], HasSubstr("POST /v1/chat/completions HTTP/1.1\r\n"));
  EXPECT_THAT(requests[0], HasSubstr("Authorization: Bearer sk-secret-key\r\n"));
  EXPECT_THAT(requests[0], HasSubstr("X-Team: blue\r\n"));
  EXPECT_THAT(requests[0], HasSubstr("User-Agent: sluice\r\n"));
  EXPECT_TRUE(requests[0].ends_with(R"({"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true,)"
                                    R"("stream_options":{"include_usage":true}})"));
}

TEST_F(openai_test, asks_for_the_whole_answer_when_nobody_streams) {
  build(always(whole("200 OK", "application/json",
                     R"({"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},)"
                     R"("finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})")));
  ASSERT_TRUE(generate(false));
  EXPECT_EQ(text(), "Hello");
  EXPECT_EQ(out->conclude(generation::status::completed, 0).usage.output_tokens, 2);
}

TEST_F(openai_test, takes_a_whole_answer_although_it_asked_for_a_stream) {
  build(always(whole("200 OK", "application/json; charset=utf-8",
                     R"({"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]})")));
  ASSERT_TRUE(generate());
  EXPECT_EQ(text(), "Hello");
}

TEST_F(openai_test, refuses_what_is_neither) {
  build(always(whole("200 OK", "text/html", "<html>login</html>")));
  const error told = failed();
  EXPECT_EQ(told.reason, error_reason::bad_gateway);
  EXPECT_THAT(told.message, HasSubstr("base_url"));
}

TEST_F(openai_test, reports_a_refusal) {
  build(always(whole("429 Too Many Requests", "application/json", R"({"error":{"message":"slow down"}})",
                     "Retry-After: 7\r\n")));
  const error told = failed();
  EXPECT_EQ(told.reason, error_reason::rate_limited);
  EXPECT_EQ(told.message, "provider up: slow down");
  EXPECT_EQ(told.retry_after, 7s);
}

// Some servers repeat what they were sent: in a refusal, in an event of the stream, in an answer of 200, or in garbage.
TEST_F(openai_test, never_shows_its_credentials) {
  const std::string echo = R"(you sent sk-secret-key and field-secret-0123)";
  const std::string object = fmt::format(R"({{"error":{{"message":"{0}","param":"{0}","code":400}}}})", echo);
  const auto event = [](std::string_view data) { return stream_head() + chunked(fmt::format("data: {}\n\n", data)); };
  std::deque<std::string> answers{
      whole("400 Bad Request", "application/json", object),
      whole("401 Unauthorized", "text/plain", echo),
      whole("200 OK", "application/json", object),
      whole("200 OK", "application/json", echo),
      whole("200 OK", "text/" + echo, ""),
      event(object) + std::string(last_chunk),
      event(echo) + std::string(last_chunk),
      event(fmt::format(R"({{"choices":[{{"finish_reason":"error","x":"{0}"}}]}})", echo)) + std::string(last_chunk)};
  const std::size_t count = answers.size();
  std::mutex mutex;
  http_provider_settings with;
  with.headers.emplace_back("X-Secret", secret_string("field-secret-0123"));
  build(
      [&](scripted_connection& one) {
        while (!one.read_request().empty()) {
          std::string next;
          {
            const std::scoped_lock lock(mutex);
            next = std::move(answers.front());
            answers.pop_front();
          }
          one.write(next);  // after which the test may be over
        }
      },
      std::move(with));
  for (std::size_t i = 0; i < count; ++i) {
    const error told = failed();
    const std::string all = told.message + "|" + told.param + "|" + told.detail;
    EXPECT_THAT(all, Not(HasSubstr("sk-secret"))) << i;
    EXPECT_THAT(all, Not(HasSubstr("field-secret"))) << i;
    EXPECT_NE(all, "||") << i;
  }
}

TEST_F(openai_test, is_complete_without_the_marker_but_not_without_the_end_of_the_body) {
  build(always(stream_head() + chunked(hello) + std::string(last_chunk)));
  EXPECT_TRUE(generate());
  EXPECT_EQ(text(), "Hello");
}

TEST_F(openai_test, notices_a_connection_that_is_cut) {
  build([](scripted_connection& one) {
    one.read_request();
    one.write(stream_head() + chunked(hello));
  });
  const error told = failed();
  EXPECT_EQ(told.reason, error_reason::bad_gateway);
  EXPECT_THAT(told.message, HasSubstr("provider up"));
  EXPECT_THAT(told.message, Not(HasSubstr("127.0.0.1")));
  EXPECT_EQ(text(), "Hello");
}

TEST_F(openai_test, waits_for_the_first_token_only_so_long_whatever_else_comes) {
  http_provider_settings with;
  with.timeouts.first_token = 50ms;
  build(
      [](scripted_connection& one) {
        one.read_request();
        one.write(stream_head() + chunked(": wait\n\n") +
                  chunked(R"(data: {"id":"c1","choices":[]})"
                          "\n\n"));
        one.await_close();
      },
      std::move(with));
  const error told = failed();
  EXPECT_EQ(told.reason, error_reason::timed_out);
  EXPECT_EQ(told.message, "provider up gave no first token within 50ms (first_token)");
}

TEST_F(openai_test, waits_between_tokens_only_so_long) {
  http_provider_settings with;
  with.timeouts.between_tokens = 50ms;
  build(
      [](scripted_connection& one) {
        one.read_request();
        one.write(stream_head() + chunked(hello));
        one.await_close();
      },
      std::move(with));
  const error told = failed();
  EXPECT_EQ(told.reason, error_reason::timed_out);
  EXPECT_THAT(told.message, HasSubstr("between_tokens"));
  EXPECT_EQ(text(), "Hello");
}

TEST_F(openai_test, waits_for_the_whole_only_so_long) {
  http_provider_settings with;
  with.timeouts.total = 50ms;
  build(
      [](scripted_connection& one) {
        one.read_request();
        one.await_close();
      },
      std::move(with));
  const error told = failed(false);
  EXPECT_EQ(told.reason, error_reason::timed_out);
  EXPECT_THAT(told.message, HasSubstr("provider up did not"));
}

TEST_F(openai_test, bounds_an_endless_line) {
  http_provider_settings with;
  with.event_bytes_max = 1024;
  build(
      [](scripted_connection& one) {
        one.read_request();
        one.write(stream_head() + chunked("data: " + std::string(2000, 'x')));
        one.await_close();
      },
      std::move(with));
  EXPECT_EQ(failed().message, "provider up sent an event of more than 1KiB");
}

TEST_F(openai_test, closes_the_connection_when_it_is_cancelled) {
  std::promise<void> begun;
  std::promise<void> closed;
  build([&](scripted_connection& one) {
    one.read_request();
    one.write(stream_head() + chunked(hello));
    begun.set_value();
    one.await_close();
    closed.set_value();
  });
  asio::cancellation_signal stop;
  std::promise<std::exception_ptr> ended;
  asked.messages.push_back({.role = generation::role::user});
  asio::co_spawn((*workers)[0].get_executor(), subject->generate(asked, "m", *out),
                 asio::bind_cancellation_slot(
                     stop.slot(), [&](std::exception_ptr thrown, const result<void>&) { ended.set_value(thrown); }));
  begun.get_future().wait();
  (*workers)[0].post([&] { stop.emit(asio::cancellation_type::terminal); });
  EXPECT_TRUE(ended.get_future().get());
  closed.get_future().wait();
}

TEST_F(openai_test, says_that_nobody_is_there) {
  build([](scripted_connection&) {});
  const std::string url = peer->url();
  peer.reset();
  const error told = failed();
  EXPECT_EQ(told.reason, error_reason::unavailable);
  EXPECT_EQ(told.message, "provider up cannot be reached");
}

TEST_F(openai_test, names_settings_that_are_wrong) {
  const auto wrong = [this](http_provider_settings told) {
    const auto made = make_openai(std::move(told), *workers, lookups);
    EXPECT_FALSE(made);
    return made ? std::string() : made.error().message;
  };
  EXPECT_THAT(wrong({.name = "openai", .base_url = "ftp://x"}), HasSubstr("providers.openai.base_url "));
  EXPECT_THAT(wrong({.name = "openai", .base_url = "http://x", .api_key = secret_string("a\r\nb")}),
              HasSubstr("providers.openai.api_key has control characters"));
  EXPECT_THAT(wrong({.name = "openai", .base_url = "http://x", .headers = {{"a b", secret_string("c")}}}),
              HasSubstr("providers.openai.headers"));
}

}  // namespace
}  // namespace sluice::agent
