#include "agent/providers/gemini_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/providers/transcript_testing.hpp"

namespace sluice::agent {
namespace {

using ::testing::HasSubstr;
using translation = agent::testing::translation_with<gemini_stream>;

// An answer with one candidate; `more` are its further fields.
std::string answer(std::string_view parts, std::string_view more = "") {
  return fmt::format(R"({{"candidates":[{{"content":{{"parts":[{}],"role":"model"}}{}}}]}})", parts, more);
}
constexpr std::string_view stop = R"(,"finishReason":"STOP")";

TEST(gemini_stream_test, replays_transcripts_cut_anywhere) {
  agent::testing::replay_transcripts<gemini_stream>("gemini", 7, false);
}

TEST(gemini_stream_test, a_whole_answer_says_what_its_stream_does) {
  for (const auto& one : agent::testing::transcripts_of("gemini")) {
    std::string list = "[";
    for (std::size_t at = one.stream.find("data: "); at != std::string::npos; at = one.stream.find("data: ", at)) {
      at += 6;
      list.append(list.size() == 1 ? "" : ",\n").append(one.stream, at, one.stream.find('\n', at) - at);
    }
    translation subject;
    ASSERT_TRUE(subject.whole(list + "]")) << one.name;
    EXPECT_EQ(subject.describe(), one.expected) << one.name;
  }
  translation subject;
  ASSERT_TRUE(subject.whole(R"({"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 1}, "modelVersion": "m", "responseId": "r"})"));
  EXPECT_EQ(subject.describe(), "0 text Hi\n0 finish stop (STOP)\nusage in 2 out 1\nid r model m\n");
}

TEST(gemini_stream_test, how_an_answer_ends) {
  const auto ending = [](std::string_view word) {
    translation subject;
    EXPECT_TRUE(subject.feed(answer("", fmt::format(R"(,"finishReason":"{}")", word))));
    EXPECT_TRUE(subject.stream.end(subject.out)) << word;
    return subject.describe();
  };
  EXPECT_EQ(ending("STOP"), "0 finish stop (STOP)\n");
  EXPECT_EQ(ending("MAX_TOKENS"), "0 finish length (MAX_TOKENS)\n");
  EXPECT_EQ(ending("CONTINUATION"), "0 finish pause (CONTINUATION)\n");
  EXPECT_EQ(ending("OTHER"), "0 finish stop (OTHER)\n");
  for (const std::string_view word : {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
                                      "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"})
    EXPECT_EQ(ending(word), fmt::format("0 finish content_filter ({})\n", word));
}

TEST(gemini_stream_test, what_the_model_wrote_wrong_is_no_answer) {
  for (const std::string_view word : {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS",
                                      "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE"}) {
    translation subject;
    const auto done = subject.feed(answer("", fmt::format(R"(,"finishReason":"{}","finishMessage":"f(")", word)));
    ASSERT_FALSE(done) << word;
    EXPECT_EQ(done.error().reason, error_reason::bad_gateway);
    EXPECT_THAT(done.error().message, HasSubstr(word));
    EXPECT_THAT(done.error().detail, HasSubstr("f("));
  }
}

TEST(gemini_stream_test, without_an_end_it_is_not_complete) {
  for (const std::string_view data : {"{}", R"({"candidates":[]})", R"({"candidates":[{"index":0}]})",
                                      R"({"candidates":[{"finishReason":"FINISH_REASON_UNSPECIFIED"}]})",
                                      R"({"promptFeedback":{"safetyRatings":[]}})",
                                      R"({"promptFeedback":{"blockReason":"BLOCK_REASON_UNSPECIFIED"}})"}) {
    translation subject;
    EXPECT_FALSE(subject.feed(data).value_or(true)) << data;
    const auto end = subject.stream.end(subject.out);
    ASSERT_FALSE(end) << data;
    EXPECT_EQ(end.error().reason, error_reason::bad_gateway);
  }
  translation one_of_two;
  EXPECT_TRUE(one_of_two.feed(R"({"candidates":[{"index":0,"finishReason":"STOP"},{"index":1}]})"));
  EXPECT_FALSE(one_of_two.stream.end(one_of_two.out));
}

TEST(gemini_stream_test, an_end_marker_of_others_is_one) {
  translation subject;
  EXPECT_FALSE(subject.feed("[DONE]"));
  EXPECT_TRUE(subject.feed(answer(R"({"text":"x"})", stop)));
  const auto done = subject.feed("[DONE]");
  ASSERT_TRUE(done);
  EXPECT_TRUE(*done);
}

// The id of a call that has none is the same for the same answer, and no other's.
TEST(gemini_stream_test, calls_without_an_id) {
  const auto id_of = [](std::string_view response_id, std::string_view arguments, int before = 0) {
    translation subject;
    std::string parts;
    for (int i = 0; i < before; ++i)
      parts += R"({"functionCall":{"name":"f","args":{}}},)";
    parts += fmt::format(R"({{"functionCall":{{"name":"f","args":{}}}}})", arguments);
    std::string data = answer(parts, stop);
    data.insert(data.size() - 1, fmt::format(R"(,"responseId":"{}")", response_id));
    EXPECT_TRUE(subject.feed(data));
    const std::uint64_t last = subject.log->published() - 1;
    const std::string bytes = subject.log->copy(subject.log->begin_of(last), subject.log->at(last).end);
    return std::string(generation::decode_tool_call(bytes).id);
  };
  const std::string id = id_of("r1", "{}");
  EXPECT_THAT(id, ::testing::MatchesRegex("call_[0-9a-f]+"));
  EXPECT_EQ(id.size(), 21U);
  EXPECT_EQ(id_of("r1", "{}"), id);
  EXPECT_NE(id_of("r2", "{}"), id);
  EXPECT_NE(id_of("r1", R"({"a":1})"), id);
  EXPECT_NE(id_of("r1", "{}", 1), id);
}

TEST(gemini_stream_test, an_error_ends_it_whenever_it_comes) {
  const auto failed = [](std::string_view data) {
    translation subject;
    EXPECT_TRUE(subject.feed(answer(R"({"text":"x"})")));
    const auto done = subject.feed(data);
    EXPECT_FALSE(done);
    return done ? error{} : done.error();
  };
  const std::string_view object = R"({"error":{"code":503,"message":"so it is","status":"UNAVAILABLE"}})";
  EXPECT_EQ(failed(object).reason, error_reason::unavailable);
  EXPECT_EQ(failed(object).message, "provider test: so it is");
  EXPECT_EQ(failed(fmt::format("[{}]", object)).reason, error_reason::unavailable);
  EXPECT_EQ(failed(R"({"error":{"code":500,"status":"INTERNAL"}})").reason, error_reason::bad_gateway);
  EXPECT_EQ(failed(R"({"error":{"code":504,"status":"DEADLINE_EXCEEDED"}})").reason, error_reason::timed_out);
  translation whole;
  EXPECT_EQ(whole.whole(object).error().reason, error_reason::unavailable);
}

TEST(gemini_stream_test, nonsense_is_the_providers_fault) {
  for (const std::string_view data :
       {"", "x", "1", "[1]", "{", R"({"candidates":{}})", R"({"candidates":[1]})", R"({"candidates":[{"index":-1}]})",
        R"({"candidates":[{"index":128}]})", R"({"candidates":[{"content":[]}]})",
        R"({"candidates":[{"content":{"parts":{}}}]})", R"({"candidates":[{"content":{"parts":[{"text":1}]}}]})",
        R"({"candidates":[{"content":{"parts":[{"text":"\x"}]}}]})",
        R"({"candidates":[{"content":{"parts":[{"functionCall":{"args":{}}}]}}]})",
        R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":"x"}}]}}]})",
        R"({"candidates":[{"content":{"parts":[{"thought":"yes"}]}}]})", R"({"candidates":[]} x)"}) {
    translation subject;
    const auto done = subject.feed(data);
    ASSERT_FALSE(done) << data;
    EXPECT_EQ(done.error().reason, error_reason::bad_gateway) << data;
    EXPECT_THAT(done.error().message, HasSubstr("provider test")) << data;
  }
}

TEST(gemini_stream_test, more_candidates_than_asked_for_are_refused) {
  json_scratch scratch;
  translation subject;
  gemini_stream alone(scratch, "test", 1);
  const auto done = alone.feed(subject.padded(R"({"candidates":[{"index":1}]})"), subject.out);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "provider test sent candidate 1, counted from 0, of 1 that were asked for");
}

TEST(gemini_stream_test, odd_answers_do_no_harm) {
  translation subject;
  for (const std::string_view data :
       {"{}", R"({"candidates":null})", R"({"candidates":[{}]})", R"({"usageMetadata":null})", R"({"usageMetadata":5})",
        R"({"usageMetadata":{"promptTokenCount":-1,"candidatesTokenCount":1e99,"promptTokensDetails":[{}]}})",
        R"({"candidates":[{"content":null,"finishReason":"","index":null}]})",
        R"({"candidates":[{"content":{"parts":null}}]})",
        R"({"candidates":[{"content":{"parts":[{},{"text":null}]}}]})",
        R"({"candidates":[{"citationMetadata":[],"logprobsResult":7}]})", R"({"promptFeedback":"x"})",
        R"({"responseId":5,"modelVersion":{}})", "[]"}) {
    const auto done = subject.feed(data);
    EXPECT_TRUE(done) << data;
    EXPECT_FALSE(done.value_or(true)) << data;
  }
  EXPECT_EQ(subject.log->published(), 0U);
  EXPECT_FALSE(subject.stream.end(subject.out));
}

TEST(gemini_stream_test, what_is_held_has_a_bound) {
  const std::string large(1 << 16, 'x');
  for (const std::string_view field : {R"("f{}":"{}")", R"("citationMetadata":{{"citations":["{}{}"]}})"}) {
    translation subject(64 << 20);
    int refused = -1;
    for (int i = 0; i < 40 && refused < 0; ++i) {
      const std::string told = fmt::format(fmt::runtime(field), i, large);
      const auto done = subject.feed(answer("", "," + told));
      if (done) continue;
      refused = i;
      EXPECT_EQ(done.error().message, provider_output::too_many_fields().message);
    }
    EXPECT_EQ(refused, 15) << field;
  }
  translation small(1 << 10);
  EXPECT_EQ(small.feed(answer(fmt::format(R"({{"text":"{}"}})", large))).error().message,
            provider_output::too_long().message);
}

}  // namespace
}  // namespace sluice::agent
