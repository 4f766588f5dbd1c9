#include "gateway/faces/openai_chat_reply.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "gateway/faces/reply_testing.hpp"

namespace sluice::gateway::openai {
namespace {

namespace json = boost::json;
using gateway::testing::event;
using generation::delta_kind;

class openai_chat_reply_test : public gateway::testing::reply_test {
 protected:
  std::vector<event> stream(bool include_usage = false) {
    chat_reply reply("gen_01ABC", "fast", 1764000000, include_usage);
    return stream_with(reply);
  }
  json::object whole() {
    chat_reply reply("gen_01ABC", "fast", 1764000000, false);
    return json::parse(reply.whole(*source)).as_object();
  }
};

TEST_F(openai_chat_reply_test, streams_text_as_chunks) {
  source->append(delta_kind::reasoning, "hm");
  source->append(delta_kind::text, "Hi \"é\"\n");
  source->end({.status = generation::status::completed, .choices = {{.reason = generation::finish_reason::stop}}});
  const auto events = stream();
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(events[0].data,
            R"({"id":"chatcmpl-01ABC","object":"chat.completion.chunk","created":1764000000,"model":"fast","choices":[)"
            R"({"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]})");
  EXPECT_EQ(json::parse(events[1].data).at_pointer("/choices/0/delta/reasoning_content"), "hm");
  EXPECT_EQ(json::parse(events[2].data).at_pointer("/choices/0/delta/content"), "Hi \"é\"\n");
  EXPECT_EQ(events[2].id, "gen_01ABC:2");
  EXPECT_EQ(json::parse(events[3].data).at_pointer("/choices/0/finish_reason"), "stop");
  EXPECT_EQ(events[4].data, "[DONE]");
}

TEST_F(openai_chat_reply_test, sends_usage_last_where_it_is_asked_for) {
  source->append(delta_kind::text, "Hi");
  source->end({.choices = {{.reason = generation::finish_reason::length}},
               .usage = {.input_tokens = 9, .cached_tokens = 4, .output_tokens = 3, .reasoning_tokens = 1}});
  const auto events = stream(true);
  ASSERT_EQ(events.size(), 5U);
  EXPECT_TRUE(json::parse(events[1].data).at("usage").is_null());
  const json::value last = json::parse(events[3].data);
  EXPECT_TRUE(last.at("choices").as_array().empty());
  EXPECT_EQ(last.at_pointer("/usage/total_tokens"), 12);
  EXPECT_EQ(last.at_pointer("/usage/prompt_tokens_details/cached_tokens"), 4);
}

TEST_F(openai_chat_reply_test, names_a_tool_call_once) {
  call_tool(0, "c0", "f", "");
  call_tool(1, "c1", "g", "{}");
  call_tool(0, "", "", "{\"a\":1}");
  source->end({.choices = {{.reason = generation::finish_reason::tool_calls}}});
  const auto events = stream();
  EXPECT_EQ(json::serialize(json::parse(events[1].data).at_pointer("/choices/0/delta")),
            R"({"tool_calls":[{"index":0,"id":"c0","type":"function","function":{"name":"f","arguments":""}}]})");
  EXPECT_EQ(json::serialize(json::parse(events[3].data).at_pointer("/choices/0/delta")),
            R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1}"}}]})");
  const json::object answer = whole();
  EXPECT_EQ(answer.at("choices").at(0).at_pointer("/message/tool_calls/0/function/arguments"), "{\"a\":1}");
  EXPECT_EQ(answer.at("choices").at(0).at("finish_reason"), "tool_calls");
  EXPECT_TRUE(answer.at("choices").at(0).at_pointer("/message/content").is_null());
}

TEST_F(openai_chat_reply_test, puts_vendor_fields_of_a_tool_call_back_where_they_stood) {
  std::string fragment;
  generation::encode_tool_call(fragment,
                               {.id = "c0",
                                .name = "f",
                                .arguments = "{}",
                                .extensions = R"({"extra_content":{"google":{"s":"S"}},"function":{"x":1}})"});
  source->append(delta_kind::tool_call, fragment);
  source->end({.choices = {{.reason = generation::finish_reason::tool_calls}}});
  const json::value expected = json::parse(R"({"id":"c0","type":"function",
    "function":{"name":"f","arguments":"{}","x":1},"extra_content":{"google":{"s":"S"}}})");
  EXPECT_EQ(whole().at("choices").at(0).at_pointer("/message/tool_calls/0"), expected);
  json::value streamed = json::parse(stream()[1].data).at_pointer("/choices/0/delta/tool_calls/0");
  streamed.as_object().erase("index");
  EXPECT_EQ(streamed, expected);
}

TEST_F(openai_chat_reply_test, calls_custom_tools_by_their_own_shape) {
  for (const auto& [name, input] : {std::pair("shell", "ls "), {"", "-l"}}) {
    std::string fragment;
    generation::encode_tool_call(
        fragment, {.index = 0, .id = *name != 0 ? "c0" : "", .name = name, .arguments = input, .is_custom = true});
    source->append(delta_kind::tool_call, fragment);
  }
  source->end({.choices = {{.reason = generation::finish_reason::tool_calls}}});
  const auto events = stream();
  EXPECT_EQ(json::serialize(json::parse(events[1].data).at_pointer("/choices/0/delta")),
            R"({"tool_calls":[{"index":0,"id":"c0","type":"custom","custom":{"name":"shell","input":"ls "}}]})");
  EXPECT_EQ(json::serialize(json::parse(events[2].data).at_pointer("/choices/0/delta")),
            R"({"tool_calls":[{"index":0,"custom":{"input":"-l"}}]})");
  EXPECT_EQ(json::serialize(whole().at("choices").at(0).at_pointer("/message/tool_calls")),
            R"([{"id":"c0","type":"custom","custom":{"name":"shell","input":"ls -l"}}])");
}

TEST_F(openai_chat_reply_test, puts_vendor_fields_back_where_they_were) {
  source->append(delta_kind::text, "Hi");
  source->append(delta_kind::extension, R"({"choice":{"logprobs":{"content":[{"token":"H"}]}},"delta":{"vendor":1}})");
  source->append(delta_kind::extension, R"({"choice":{"logprobs":{"content":[{"token":"i"}]}}})");
  source->end({.choices = {{}}, .extensions = R"({"system_fingerprint":"fp"})"});
  const auto events = stream(true);
  const json::value chunk = json::parse(events[2].data);
  EXPECT_EQ(chunk.at_pointer("/choices/0/delta/vendor"), 1);
  EXPECT_EQ(chunk.at_pointer("/choices/0/logprobs/content/0/token"), "H");
  for (const std::size_t last : {4, 5}) {
    EXPECT_EQ(json::parse(events[last].data).at("system_fingerprint"), "fp") << events[last].data;
  }
  const json::object answer = whole();
  EXPECT_EQ(answer.at("choices").at(0).at_pointer("/logprobs/content").as_array().size(), 2U);
  EXPECT_EQ(answer.at("choices").at(0).at_pointer("/message/vendor"), 1);
  EXPECT_EQ(answer.at("system_fingerprint"), "fp");
}

TEST_F(openai_chat_reply_test, ends_a_failed_stream_with_an_error_and_nothing_else) {
  source->append(delta_kind::text, "Hi");
  source->end(
      {.status = generation::status::failed, .problem = error{.reason = error_reason::bad_gateway, .message = "cut"}});
  const auto events = stream();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[2].data,
            R"({"error":{"message":"cut","type":"server_error","param":null,"code":"provider_error"}})");
}

TEST_F(openai_chat_reply_test, keeps_choices_apart) {
  source->append(delta_kind::text, "a", 0);
  source->append(delta_kind::text, "b", 1);
  source->end({.choices = {{.choice = 0}, {.choice = 1, .reason = generation::finish_reason::length}}});
  EXPECT_EQ(stream().size(), 7U);
  const json::object answer = whole();
  EXPECT_EQ(answer.at("choices").at(1).at_pointer("/message/content"), "b");
  EXPECT_EQ(answer.at("choices").at(1).at("finish_reason"), "length");
}

}  // namespace
}  // namespace sluice::gateway::openai
