#include "gateway/faces/gemini_reply.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "gateway/faces/reply_testing.hpp"

namespace sluice::gateway::gemini {
namespace {

namespace json = boost::json;
using gateway::testing::event;
using generation::delta_kind;
using generation::finish_reason;

class gemini_reply_test : public gateway::testing::reply_test {
 protected:
  void end(std::vector<generation::choice_finish> choices, std::string extensions = {}) {
    source->end({.status = generation::status::completed,
                 .choices = std::move(choices),
                 .usage = {.input_tokens = 30, .cached_tokens = 20, .output_tokens = 7, .reasoning_tokens = 2},
                 .extensions = std::move(extensions)});
  }
  std::vector<json::object> stream() {
    content_reply reply("gen_01ABC", "fast", framing::events);
    std::vector<json::object> responses;
    for (const event& one : stream_with(reply)) {
      EXPECT_TRUE(one.id.empty() && one.name == "message") << "Google's SDKs read blocks that begin with data: alone";
      responses.push_back(json::parse(one.data).as_object());
    }
    return responses;
  }
  json::object whole() {
    return json::parse(content_reply("gen_01ABC", "fast", framing::events).whole(*source)).as_object();
  }
  // All parts of the first candidate, as a client collects them.
  static json::array parts_in(const std::vector<json::object>& responses) {
    json::array parts;
    for (const json::object& one : responses) {
      const json::object& candidate = one.at("candidates").as_array().at(0).as_object();
      for (const json::value& part : candidate.at("content").at("parts").as_array())
        parts.push_back(part);
    }
    return parts;
  }
};

TEST_F(gemini_reply_test, streams_and_says_whole) {
  source->append(delta_kind::reasoning, "let me ");
  source->append(delta_kind::reasoning, "see");
  source->append(delta_kind::signature, "sig1");
  source->append(delta_kind::text, "Hel");
  source->append(delta_kind::text, "lo \"you\"\n");
  call_tool(0, "c1", "weather", R"({"city":)");
  call_tool(1, "c2", "time", "{}");
  call_tool(0, "", "", R"("Rome"})");
  end({{.reason = finish_reason::tool_calls}});
  const auto responses = stream();
  EXPECT_EQ(json::serialize(parts_in(responses)),
            R"([{"thought":true,"text":"let me see"},{"thought":true,"text":"","thoughtSignature":"sig1"},)"
            R"({"text":"Hello \"you\"\n"},{"functionCall":{"name":"weather","args":{"city":"Rome"},"id":"c1"}},)"
            R"({"functionCall":{"name":"time","args":{},"id":"c2"}}])");
  const json::object& last = responses.back();
  EXPECT_EQ(last.at("candidates").at(0).at("finishReason"), "STOP");
  EXPECT_EQ(json::serialize(last.at("usageMetadata")),
            R"({"promptTokenCount":30,"candidatesTokenCount":5,"totalTokenCount":37,"thoughtsTokenCount":2,)"
            R"("cachedContentTokenCount":20})");
  for (const json::object& one : responses) {
    EXPECT_EQ(one.at("modelVersion"), "fast");
    EXPECT_EQ(one.at("responseId"), "gen_01ABC");
  }
  json::object all = whole();
  EXPECT_EQ(parts_in({all}), parts_in(responses));
  EXPECT_EQ(all.at("usageMetadata"), last.at("usageMetadata"));
  EXPECT_EQ(all.at("candidates").at(0).at("finishReason"), "STOP");
}

TEST_F(gemini_reply_test, candidates_and_what_is_said_of_them) {
  source->append(delta_kind::text, "one", 0);
  source->append(delta_kind::text, "two", 1);
  source->append(delta_kind::citation, R"({"startIndex":0,"endIndex":3,"uri":"https://a.example"})", 0);
  source->append(delta_kind::citation,
                 R"({"type":"url_citation","url_citation":{"url":"https://b.example","title":"b","start_index":1}})",
                 0);
  source->append(delta_kind::extension, R"({"choice":{"safetyRatings":[1],"unknown":2}})", 1);
  source->append(delta_kind::extension,
                 R"({"choice":{"logprobs":{"content":[{"token":"one","logprob":-1,"top_logprobs":[]}]}}})", 0);
  end({{.choice = 0, .reason = finish_reason::length},
       {.choice = 1, .reason = finish_reason::content_filter, .provider_reason = "RECITATION"}});
  const json::object all = whole();
  EXPECT_EQ(json::serialize(all.at("candidates")),
            R"([{"content":{"parts":[{"text":"one"}],"role":"model"},"index":0,"finishReason":"MAX_TOKENS",)"
            R"("logprobsResult":{"chosenCandidates":[{"token":"one","logProbability":-1}],)"
            R"("topCandidates":[{"candidates":[]}]},"citationMetadata":{"citationSources":[)"
            R"({"startIndex":0,"endIndex":3,"uri":"https://a.example"},)"
            R"({"uri":"https://b.example","title":"b","startIndex":1}]}},)"
            R"({"content":{"parts":[{"text":"two"}],"role":"model"},"index":1,"finishReason":"RECITATION",)"
            R"("safetyRatings":[1]}])");
  const auto responses = stream();
  ASSERT_EQ(responses.size(), 4U);
  EXPECT_FALSE(responses[2].contains("usageMetadata"));
  EXPECT_EQ(responses[2].at("candidates").at(0).at("content").at("parts"), (json::array{{{"text", ""}}}));
  EXPECT_EQ(responses[3].at("candidates").at(0).at("safetyRatings"), all.at("candidates").at(1).at("safetyRatings"));
  EXPECT_TRUE(responses[3].contains("usageMetadata"));
}

TEST_F(gemini_reply_test, parts_that_come_whole) {
  source->append(delta_kind::part, R"({"type":"image","media_type":"image/png","data":"iVBORw=="})");
  source->append(delta_kind::part, R"({"type":"audio","format":"wav","data":"AAAA"})");
  source->append(delta_kind::part, R"({"type":"vendor","dialect":"gemini","value":{"executableCode":{"code":"1"}}})");
  source->append(delta_kind::part, R"({"type":"vendor","dialect":"anthropic","value":{"type":"x"}})");
  end({{.reason = finish_reason::stop}});
  const auto parts = parts_in({whole()});
  EXPECT_EQ(json::serialize(parts), R"([{"inlineData":{"mimeType":"image/png","data":"iVBORw=="}},)"
                                    R"({"inlineData":{"mimeType":"audio/wav","data":"AAAA"}},)"
                                    R"({"executableCode":{"code":"1"}}])");
}

TEST_F(gemini_reply_test, a_prompt_that_was_blocked) {
  end({{.reason = finish_reason::content_filter, .provider_reason = "SAFETY"}},
      R"({"promptFeedback":{"blockReason":"SAFETY"}})");
  for (const json::object& one : {whole(), stream().back()}) {
    EXPECT_EQ(json::serialize(one.at("promptFeedback")), R"({"blockReason":"SAFETY"})");
    EXPECT_FALSE(one.contains("candidates"));
    EXPECT_TRUE(one.contains("usageMetadata"));
  }
}

TEST_F(gemini_reply_test, as_one_list_for_whoever_asks_for_no_events) {
  source->append(delta_kind::text, "Hel");
  source->append(delta_kind::reasoning, "hm");
  source->append(delta_kind::text, "lo");
  end({{.reason = finish_reason::stop}});
  content_reply reply("gen_01ABC", "fast", framing::list);
  EXPECT_EQ(reply.content_type(), "application/json; charset=utf-8");
  const json::value list = json::parse(written_with(reply));
  ASSERT_EQ(list.as_array().size(), 4U);
  EXPECT_EQ(list.at(3).at("candidates").at(0).at("finishReason"), "STOP");
}

TEST_F(gemini_reply_test, a_failure_ends_it) {
  source->append(delta_kind::text, "Hel");
  source->end({.status = generation::status::failed,
               .problem = error{.reason = error_reason::unavailable, .message = "away", .param = {}}});
  const auto responses = stream();
  ASSERT_EQ(responses.size(), 2U);
  EXPECT_EQ(json::serialize(responses[1]), R"({"error":{"code":503,"message":"away","status":"UNAVAILABLE"}})");
  content_reply reply("gen_01ABC", "fast", framing::list);
  EXPECT_EQ(json::parse(written_with(reply)).as_array().size(), 2U);
}

TEST_F(gemini_reply_test, signs_of_life_are_no_comments) {
  content_reply reply("gen_01ABC", "fast", framing::events);
  std::string out;
  reply.append_sign_of_life(out);
  EXPECT_TRUE(out.starts_with("data: {")) << out;
}

}  // namespace
}  // namespace sluice::gateway::gemini
