#include "agent/providers/openai_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/providers/transcript_testing.hpp"

namespace sluice::agent {
namespace {

using generation::delta_kind;
using ::testing::HasSubstr;

using translation = agent::testing::translation_with<openai_stream>;

std::string chunk(std::string_view delta, std::string_view finish_reason = "null") {
  return fmt::format(R"({{"choices":[{{"index":0,"delta":{},"finish_reason":{}}}]}})", delta, finish_reason);
}

TEST(openai_stream_test, replays_transcripts_cut_anywhere) {
  agent::testing::replay_transcripts<openai_stream>("openai", 7);
}

TEST(openai_stream_test, joins_surrogates_across_deltas) {
  translation subject;
  EXPECT_TRUE(subject.feed(chunk(R"({"content":"a\ud83d"})")));
  EXPECT_TRUE(subject.feed(chunk(R"({"role":"assistant"})")));
  EXPECT_TRUE(subject.feed(chunk(R"({"content":"\ude42b"})")));
  EXPECT_EQ(subject.describe(), "0 text a\n0 text 🙂b\n");
}

TEST(openai_stream_test, joins_surrogates_of_choices_that_interleave) {
  translation subject;
  EXPECT_TRUE(subject.feed(
      R"({"choices":[{"index":0,"delta":{"content":"\ud83d"}},{"index":1,"delta":{"content":"\uD83D"}}]})"));
  EXPECT_TRUE(subject.feed(
      R"({"choices":[{"index":1,"delta":{"content":"\ude43"}},{"index":0,"delta":{"content":"\uDE42"}}]})"));
  EXPECT_EQ(subject.describe(), "1 text 🙃\n0 text 🙂\n");
}

TEST(openai_stream_test, replaces_lone_surrogates_and_keeps_their_neighbours) {
  translation subject;
  EXPECT_TRUE(subject.feed(chunk(R"({"content":"a\ud83d"})")));
  EXPECT_TRUE(subject.feed(chunk(R"({"content":"b\ude42c\ud83d\ud83d\ude42d\ud83d\n"})")));
  EXPECT_TRUE(subject.feed(chunk(R"({"reasoning_content":"e\ud83d"})")));
  EXPECT_TRUE(subject.feed(chunk(R"({"content":"f\ud83d"})")));
  EXPECT_TRUE(
      subject.feed(chunk(R"({"tool_calls":[{"index":0,"id":"c","function":{"name":"n","arguments":"\ud83d"}}]})")));
  EXPECT_TRUE(subject.feed(chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"\ude42\ud83d"}}]})")));
  EXPECT_TRUE(subject.feed(chunk("{}", R"("tool_calls")")));
  EXPECT_EQ(
      subject.describe(),
      "0 text a\n0 text \uFFFDb\uFFFDc\uFFFD🙂d\uFFFD\n\n0 reasoning e\n0 reasoning \uFFFD\n0 text f\n0 text \uFFFD\n"
      "0 tool 0 id c name n\n0 tool 0 🙂\n0 tool 0 \uFFFD\n0 finish tool_calls (tool_calls)\n");
}

TEST(openai_stream_test, keeps_unknown_fields_where_they_stood) {
  translation subject;
  EXPECT_TRUE(
      subject.feed("{\"x_groq\":{\"id\": \"q\"},\"choices\":[{\"z\": 1 "
                   ",\"index\":0,\"delta\":{\"content\":\"a\",\"au\\\"dio\":{\n\"id\" "
                   ":\"x y\"},\"none\":null,\"b\":[]},\"logprobs\":true}]}"));
  EXPECT_TRUE(subject.feed(R"({"n":1e400000,"choices":[{"index":0,"delta":{"bad":tru,"content":"b"}}]})"));
  EXPECT_EQ(subject.describe(),
            "0 text a\n"
            R"(0 extension {"delta":{"au\"dio":{"id":"x y"},"b":[]},"choice":{"z":1,"logprobs":true}})"
            "\n0 text b\n"
            R"(extensions {"x_groq":{"id":"q"}})"
            "\n");
}

TEST(openai_stream_test, keeps_unknown_fields_of_tool_calls) {
  translation subject;
  EXPECT_TRUE(subject.feed(chunk(
      R"({"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"","x": [1]},
        "extra_content":{"google":{"thought_signature":"S"}},"none":null}]})")));
  EXPECT_TRUE(subject.feed(chunk(R"({"tool_calls":[{"index":0,"custom":{"input":"i","y":1}}]})")));
  EXPECT_TRUE(subject.feed(chunk(R"({"tool_calls":[{"index":0,"z":"late","bad":tru}]})")));
  EXPECT_EQ(subject.describe(),
            R"(0 tool 0 id a name f with {"extra_content":{"google":{"thought_signature":"S"}},"function":{"x":[1]}})"
            "\n0 custom 0 i with {\"custom\":{\"y\":1}}\n0 tool 0 with {\"z\":\"late\"}\n");
  translation whole;
  EXPECT_TRUE(whole.whole(R"({"choices":[{"index":0,"finish_reason":"tool_calls","message":{"tool_calls":[
    {"id":"a","function":{"name":"f","arguments":"{}"},"extra_content":{"s":1}}]}}]})"));
  EXPECT_EQ(whole.describe(),
            "0 tool 0 id a name f {} with {\"extra_content\":{\"s\":1}}\n"
            "0 finish tool_calls (tool_calls)\n");
}

TEST(openai_stream_test, leaves_out_fields_whose_names_cannot_be_read) {
  translation subject;
  EXPECT_TRUE(subject.feed(R"({"a\e":1,"":2,"choices":[{"index":0,"b\x":3,"delta":{"c\u1":4,"\u0064":5}}]})"));
  EXPECT_EQ(subject.describe(), "0 extension {\"delta\":{\"d\":5}}\n");
}

TEST(openai_stream_test, counts_tool_calls_that_come_without_index) {
  translation subject;
  EXPECT_TRUE(subject.feed(chunk(R"({"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]})")));
  EXPECT_TRUE(subject.feed(chunk(R"({"tool_calls":[{"id":"b","function":{"name":"g","arguments":"{"}}]})")));
  EXPECT_TRUE(subject.feed(chunk(R"({"tool_calls":[{"function":{"arguments":"}"}}]})", R"("stop")")));
  EXPECT_EQ(subject.describe(),
            "0 tool 0 id a name f {}\n0 tool 1 id b name g {\n0 tool 1 }\n0 finish tool_calls (stop)\n");
}

TEST(openai_stream_test, reads_the_older_function_call) {
  translation subject;
  EXPECT_TRUE(subject.feed(chunk(R"({"function_call":{"name":"f","arguments":"{"}})")));
  EXPECT_TRUE(subject.feed(chunk(R"({"function_call":{"arguments":"}"}})", R"("function_call")")));
  EXPECT_EQ(subject.describe(), "0 tool 0 name f {\n0 tool 0 }\n0 finish tool_calls (function_call)\n");
}

TEST(openai_stream_test, takes_mistrals_content_apart) {
  translation subject;
  EXPECT_TRUE(subject.feed(chunk(
      R"({"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"yes"}]})")));
  EXPECT_EQ(subject.describe(), "0 reasoning hm\n0 text yes\n");
}

TEST(openai_stream_test, adds_reasoning_that_was_counted_beside_the_completion) {
  translation subject;
  EXPECT_TRUE(subject.feed(R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115,)"
                           R"("completion_tokens_details":{"reasoning_tokens":100}}})"));
  EXPECT_EQ(subject.describe(), "usage in 10 out 105 reasoning 100\n");
}

TEST(openai_stream_test, translates_a_whole_answer) {
  translation subject;
  const auto fine = subject.whole(R"({
  "id": "chatcmpl-w", "object": "chat.completion", "created": 1, "model": "m",
  "choices": [ {
      "index": 0,
      "message": { "role": "assistant", "content": "Hi \ud83d\ude42", "refusal": null, "annotations": [ ],
        "tool_calls": [ {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1}"} },
                        {"id": "b", "type": "function", "function": {"name": "g", "arguments": ""} } ] },
      "logprobs": null,
      "finish_reason": "tool_calls"
  } ],
  "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
  "system_fingerprint": null
}
)");
  ASSERT_TRUE(fine) << fine.error().message << fine.error().detail;
  EXPECT_EQ(subject.describe(),
            "0 text Hi 🙂\n0 tool 0 id a name f {\"x\": 1}\n0 tool 1 id b name g\n"
            R"(0 extension {"delta":{"annotations":[]}})"
            "\n0 finish tool_calls (tool_calls)\nusage in 1 out 2\nid chatcmpl-w model m\n");
}

TEST(openai_stream_test, is_complete_without_end_marker_once_every_choice_is) {
  translation subject;
  EXPECT_TRUE(subject.feed(chunk(R"({"content":"a"})")));
  const auto cut = subject.stream.end(subject.out);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().reason, error_reason::bad_gateway);
  EXPECT_THAT(cut.error().message, HasSubstr("without saying that it was complete"));
  EXPECT_TRUE(subject.feed(chunk("{}", R"("stop")")));
  EXPECT_TRUE(subject.stream.end(subject.out));
  EXPECT_TRUE(subject.feed(R"({"choices":[{"index":1,"delta":{"content":"x"}}]})"));
  EXPECT_FALSE(subject.stream.end(subject.out));
}

TEST(openai_stream_test, refuses_an_end_marker_without_an_answer) {
  translation subject;
  EXPECT_FALSE(subject.feed("[DONE]"));
  EXPECT_TRUE(subject.feed(chunk("{}", R"("stop")")));
  const auto done = subject.feed("[DONE]");
  EXPECT_TRUE(done && *done);
}

TEST(openai_stream_test, reports_errors_in_mid_stream) {
  for (const auto& [event, reason, text] : {
           std::tuple(R"({"error":{"message":"Slow down","type":"rate_limit_error","code":null}})",
                      error_reason::rate_limited, "provider test: Slow down"),
           std::tuple(R"({"id":"1","error":{"message":"Bad\u0007 gateway","code":502},"choices":[]})",
                      error_reason::bad_gateway, "provider test: Bad  gateway"),
           std::tuple(R"({"object":"error","message":"too long","type":"BadRequestError","code":400})",
                      error_reason::invalid_argument, "provider test: too long"),
           std::tuple(R"({"error":"out of memory"})", error_reason::bad_gateway, "provider test: out of memory"),
           std::tuple(R"({"choices":[{"index":0,"delta":{},"finish_reason":"insufficient_system_resource"}]})",
                      error_reason::bad_gateway,
                      "provider test broke the answer off: \"insufficient_system_resource\""),
       }) {
    translation subject;
    const auto told = subject.feed(event);
    ASSERT_FALSE(told) << event;
    EXPECT_EQ(told.error().reason, reason) << event;
    EXPECT_EQ(told.error().message, text);
  }
}

TEST(openai_stream_test, refuses_what_is_no_chunk) {
  for (const std::string_view garbage : {
           "",
           " ",
           "null",
           "[]",
           "7",
           "\"text\"",
           "{",
           "{}x",
           "<html>",
           "{\"choices\":7}",
           "{\"choices\":[7]}",
           "{\"choices\":[{\"delta\":7}]}",
           "{\"choices\":[{\"index\":\"0\",\"delta\":{}}]}",
           "{\"choices\":[{\"index\":-1}]}",
           "{\"choices\":[{\"index\":0]}",
           "{\"choices\":[{\"delta\":{\"content\":7}}]}",
           "{\"choices\":[{\"delta\":{\"content\":\"\\x\"}}]}",
           "{\"choices\":[{\"delta\":{\"content\":\"\\u12\"}}]}",
           "{\"choices\":[{\"delta\":{\"content\":\"a\xff\"}}]}",
           "{\"choices\":[{\"delta\":{\"content\":\"a\nb\"}}]}",
           "{\"choices\":[{\"delta\":{\"content\":\"a}}]}",
           "{\"choices\":[{\"finish_reason\":7}]}",
           "{\"choices\":[{\"delta\":{\"tool_calls\":{}}}]}",
           "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":9999999}]}}]}",
           "{\"a\":1,}",
           "{\"a\":1 \"b\":2}",
           "[DONE",
       }) {
    translation subject;
    const auto told = subject.feed(garbage);
    ASSERT_FALSE(told) << garbage;
    EXPECT_EQ(told.error().reason, error_reason::bad_gateway);
    EXPECT_EQ(told.error().message, "provider test sent what is not a chat completion");
    EXPECT_EQ(subject.log->published(), 0U) << garbage;
  }
}

TEST(openai_stream_test, refuses_a_choice_that_nobody_asked_for) {
  translation subject;
  EXPECT_TRUE(subject.feed(R"({"choices":[{"index":127}]})"));
  EXPECT_THAT(subject.feed(R"({"choices":[{"index":128}]})").error().message, HasSubstr("choice 128"));
}

TEST(openai_stream_test, stops_when_the_answer_is_too_long) {
  translation subject(8 + 2 * sizeof(generation::log::entry));
  EXPECT_TRUE(subject.feed(chunk(R"({"content":"12345678"})")));
  const auto told = subject.feed(chunk(R"({"content":"12345678"})"));
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().message, provider_output::too_long().message);
}

TEST(openai_stream_test, stops_when_there_are_more_fields_than_an_answer_has) {
  translation subject;
  const auto told = subject.feed(fmt::format(R"({{"field":"{}","choices":[]}})", std::string(1 << 20, 'x')));
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().message, provider_output::too_many_fields().message);
}

}  // namespace
}  // namespace sluice::agent
