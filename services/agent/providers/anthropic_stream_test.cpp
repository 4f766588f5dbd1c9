#include "agent/providers/anthropic_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/providers/transcript_testing.hpp"

namespace sluice::agent {
namespace {

using ::testing::HasSubstr;
using translation = agent::testing::translation_with<anthropic_stream>;

constexpr std::string_view begin_text =
    R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})";

TEST(anthropic_stream_test, replays_transcripts_cut_anywhere) {
  agent::testing::replay_transcripts<anthropic_stream>("anthropic", 5);
}

TEST(anthropic_stream_test, a_whole_message_says_what_its_stream_does) {
  translation subject;
  ASSERT_TRUE(subject.whole(R"({
    "id": "msg_02", "type": "message", "role": "assistant", "model": "claude-x", "container": null,
    "content": [
      {"type": "thinking", "thinking": "hm", "signature": "sig"},
      {"type": "redacted_thinking", "data": "xyz"},
      {"type": "text", "text": "Hi", "citations": [{"type": "char_location"}]},
      {"type": "tool_use", "id": "t", "name": "f", "input": {"a": "é"}},
      {"type": "tool_use", "id": "u", "name": "g", "input": {}}],
    "stop_reason": "tool_use", "stop_sequence": null,
    "usage": {"input_tokens": 9, "cache_creation_input_tokens": null, "cache_read_input_tokens": 4,
              "output_tokens": 7}})"));
  EXPECT_EQ(
      subject.describe(),
      "0 reasoning hm\n0 signature sig\n0 part {\"type\":\"reasoning\",\"text\":\"\",\"redacted\":\"xyz\"}\n"
      "0 text Hi\n0 citation {\"type\":\"char_location\"}\n0 tool 0 id t name f {\"a\":\"é\"}\n"
      "0 tool 1 id u name g\n0 finish tool_calls (tool_use)\nusage in 13 cached 4 out 7\nid msg_02 model claude-x\n");
}

TEST(anthropic_stream_test, joins_halves_of_a_character) {
  const auto piece = [](std::string_view text) {
    return fmt::format(R"({{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{}"}}}})",
                       text);
  };
  translation subject;
  EXPECT_TRUE(subject.feed(begin_text));
  for (const char* text : {"a\\ud83d", "\\ude42b\\ud83d", "c\\ud83d"})
    EXPECT_TRUE(subject.feed(piece(text)));
  EXPECT_TRUE(subject.feed(R"({"type":"content_block_stop","index":0})"));
  EXPECT_EQ(subject.describe(),
            "0 text a\n0 text 🙂b\n0 text \xEF\xBF\xBD"
            "c\n0 text \xEF\xBF\xBD\n");
}

TEST(anthropic_stream_test, an_error_ends_it_whenever_it_comes) {
  const auto reason_of = [](std::string_view type) {
    translation subject;
    EXPECT_TRUE(subject.feed(begin_text));
    const auto done =
        subject.feed(fmt::format(R"({{"type":"error","error":{{"type":"{}","message":"so it is"}}}})", type));
    EXPECT_FALSE(done);
    return done ? error_reason::internal : done.error().reason;
  };
  EXPECT_EQ(reason_of("overloaded_error"), error_reason::unavailable);
  EXPECT_EQ(reason_of("rate_limit_error"), error_reason::rate_limited);
  EXPECT_EQ(reason_of("invalid_request_error"), error_reason::invalid_argument);
  EXPECT_EQ(reason_of("request_too_large"), error_reason::too_large);
  EXPECT_EQ(reason_of("authentication_error"), error_reason::bad_gateway);
  EXPECT_EQ(reason_of("timeout_error"), error_reason::timed_out);
  EXPECT_EQ(reason_of("api_error"), error_reason::bad_gateway);
}

TEST(anthropic_stream_test, nonsense_is_the_providers_fault) {
  for (const std::string_view data :
       {"", "x", "[]", R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"early"}})",
        R"({"type":"content_block_start","index":-1,"content_block":{"type":"text","text":""}})",
        R"({"type":"content_block_start","index":99999999,"content_block":{"type":"text","text":""}})",
        R"({"type":"content_block_start","index":0})", R"({"type":"content_block_delta","delta":{}})",
        R"({"type":"message_stop"})"}) {
    translation subject;
    const auto done = subject.feed(data);
    ASSERT_FALSE(done) << data;
    EXPECT_EQ(done.error().reason, error_reason::bad_gateway) << data;
    EXPECT_THAT(done.error().message, HasSubstr("provider test")) << data;
  }
}

TEST(anthropic_stream_test, odd_events_do_no_harm) {
  translation subject;
  EXPECT_TRUE(subject.feed(begin_text));
  for (const std::string_view data :
       {"{}", R"({"type":"ping"})", R"({"type":null})", R"({"type":"message_start"})", R"({"type":"message_delta"})",
        R"({"type":"content_block_stop","index":5})",
        R"({"type":"message_delta","delta":{},"usage":{"output_tokens":-1}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta"}})"}) {
    const auto done = subject.feed(data);
    EXPECT_TRUE(done) << data;
    EXPECT_FALSE(done.value_or(true)) << data;
  }
  EXPECT_FALSE(subject.stream.end(subject.out));
}

TEST(anthropic_stream_test, what_is_held_has_a_bound) {
  translation subject(64 << 20);
  const std::string large(1 << 20, 'x');
  bool refused = false;
  for (int i = 0; i < 40 && !refused; ++i) {
    refused = !subject.feed(fmt::format(
        R"({{"type":"content_block_start","index":{},"content_block":{{"type":"web_result","text":"{}"}}}})", i,
        large));
  }
  EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace sluice::agent
