#include "gateway/chat_request.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

boost::json::object object(std::string_view text) {
  return boost::json::parse(text).as_object();
}

template <class T>
std::string param_of(const result<T>& parsed) {
  return parsed ? "(parsed)" : parsed.error().param;
}

TEST(chat_payload, takes_content_and_settings) {
  const auto parsed = parse_chat_payload(object(
      R"({"content":"Hello","model":"fast","system":"Be brief","temperature":0.5,"top_p":1,
          "max_tokens":10,"stop":["a","b"],"seed":7,
          "reasoning_effort":"low","metadata":{"k":"v"},"conversation_id":null})"));
  ASSERT_TRUE(parsed) << parsed.error().message;
  const generation::request& asked = parsed->request;
  ASSERT_EQ(asked.messages.size(), 2U);
  EXPECT_EQ(asked.messages[0].role, generation::role::system);
  EXPECT_EQ(generation::last_user_text(asked), "Hello");
  EXPECT_EQ(asked.max_output_tokens, 10);
  EXPECT_EQ(asked.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(asked.reasoning.effort, "low");
  EXPECT_EQ(parsed->conversation_id, "");
}

TEST(chat_payload, places_a_chat_in_a_conversation) {
  const auto next = parse_chat_payload(object(R"({"content":"a","conversation_id":"new","system":"Be brief"})"));
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->conversation_id, "new");
  EXPECT_EQ(next->request.messages.size(), 1U);  // the prompt is the conversation's
  EXPECT_EQ(next->system, "Be brief");
  EXPECT_FALSE(next->parent_id);
  const auto branch = parse_chat_payload(object(R"({"content":"a","conversation_id":"conv_1","parent_id":"msg_1"})"));
  ASSERT_TRUE(branch);
  EXPECT_EQ(branch->parent_id, "msg_1");
  EXPECT_FALSE(branch->system);
  const auto root = parse_chat_payload(object(R"({"content":"a","conversation_id":"conv_1","parent_id":null})"));
  ASSERT_TRUE(root);
  EXPECT_EQ(root->parent_id, "");
}

TEST(chat_payload, has_a_key_that_stands_for_all_the_rest) {
  const auto parse = [](std::string_view text) { return parse_chat_payload(object(text)); };
  const auto first = parse(R"({"content":"a","idempotency_key":"0123456789abcdef"})");
  ASSERT_TRUE(first && first->key);
  EXPECT_EQ(first->key->value, "0123456789abcdef");
  EXPECT_EQ(first->key->digest.size(), 64U);
  EXPECT_EQ(parse(R"({"idempotency_key":"fedcba9876543210","content":"a"})")->key->digest, first->key->digest);
  EXPECT_EQ(parse(R"({"content":"a","metadata":{"a":"1","b":"2"},"idempotency_key":"0123456789abcdef"})")->key->digest,
            parse(R"({"idempotency_key":"0123456789abcdef","metadata":{"b":"2","a":"1"},"content":"a"})")->key->digest);
  for (const char* other : {R"({"content":"b","idempotency_key":"0123456789abcdef"})",
                            R"({"content":"a","idempotency_key":"0123456789abcdef","model":"m"})",
                            R"({"content":"a","idempotency_key":"0123456789abcdef","conversation_id":"new"})"})
    EXPECT_NE(parse(other)->key->digest, first->key->digest) << other;
  EXPECT_FALSE(parse(R"({"content":"a"})")->key);
  EXPECT_FALSE(parse(R"({"content":"a","idempotency_key":null})")->key);
  const std::string longest(128, 'k');
  EXPECT_TRUE(parse(R"({"content":"a","idempotency_key":")" + longest + "\"}")->key);
  for (const std::string& bad : {std::string("7"), std::string("{}"), std::string("\"\""), std::string("\"short\""),
                                 "\"" + longest + "k\"", std::string("\"0123456789abc ef\""),
                                 std::string("\"0123456789abc\\u0000ef\""), std::string("\"0123456789abcd\u00e4\"")})
    EXPECT_EQ(param_of(parse("{\"content\":\"a\",\"idempotency_key\":" + bad + "}")), "idempotency_key") << bad;
}

TEST(chat_payload, names_the_field_that_is_wrong) {
  EXPECT_EQ(param_of(parse_chat_payload(object("{}"))), "content");
  EXPECT_EQ(param_of(parse_chat_payload(object(R"({"content":""})"))), "content");
  EXPECT_EQ(param_of(parse_chat_payload(object(R"({"content":7})"))), "content");
  EXPECT_EQ(param_of(parse_chat_payload(object(R"({"content":[{"type":"image_url"}]})"))), "content[0].image_url.url");
  EXPECT_EQ(param_of(parse_chat_payload(object(R"({"content":"a","modle":"x"})"))), "modle");
  EXPECT_EQ(param_of(parse_chat_payload(object(R"({"content":"a","temperature":"hot"})"))), "temperature");
  EXPECT_EQ(param_of(parse_chat_payload(object(R"({"content":"a","max_tokens":0})"))), "max_tokens");
  EXPECT_EQ(param_of(parse_chat_payload(object(R"({"content":"a","messages":[{"role":"user","content":"b"}]})"))),
            "content");
  EXPECT_EQ(param_of(parse_chat_payload(object(R"({"messages":[{"role":"boss","content":"b"}]})"))),
            "messages[0].role");
  EXPECT_EQ(param_of(parse_chat_payload(object(R"({"content":"a","conversation_id":7})"))), "conversation_id");
  EXPECT_EQ(param_of(parse_chat_payload(object(R"({"content":"a","parent_id":"msg_1"})"))), "parent_id");
}

TEST(openai_chat, keeps_what_it_does_not_know) {
  const auto parsed = parse_openai_chat(object(
      R"({"model":"m","messages":[{"role":"user","content":"a"}],"stream":true,
          "stream_options":{"include_usage":true},"logit_bias":{"5":1},
          "max_tokens":5,"n":2,"vendor_field":[1]})"));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->choices, 2);
  EXPECT_EQ(parsed->max_output_tokens, 5);
  EXPECT_TRUE(parsed->extensions.contains("vendor_field"));
  EXPECT_TRUE(parsed->extensions.contains("logit_bias"));
  EXPECT_FALSE(parsed->extensions.contains("stream"));
  EXPECT_EQ(parsed->dialect, "openai");
}

TEST(openai_chat, takes_a_tool_round_trip) {
  const auto parsed = parse_openai_chat(object(
      R"({"model":"m",
          "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"},"strict":true}}],
          "tool_choice":{"type":"function","function":{"name":"f"}},
          "messages":[{"role":"user","content":[{"type":"text","text":"look"},
                                   {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},
                      {"role":"assistant","content":null,
                       "tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
                      {"role":"tool","tool_call_id":"c1","content":"42"}]})"));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->tool_choice->name, "f");
  EXPECT_EQ(std::get<generation::image_part>(parsed->messages[0].parts[1].what).media_type, "image/png");
  EXPECT_EQ(std::get<generation::tool_call_part>(parsed->messages[1].parts[0].what).arguments, "{}");
  EXPECT_EQ(std::get<generation::tool_result_part>(parsed->messages[2].parts[0].what).tool_call_id, "c1");
}

TEST(openai_chat, keeps_what_it_does_not_know_of_parts_calls_and_tools) {
  const auto parsed = parse_openai_chat(object(
      R"({"tools":[{"type":"function","function":{"name":"f","parameters":{},"x":1},"cache_control":{"a":2}}],
          "messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},
                         {"type":"image_url","image_url":{"url":"u","detail":"low","foo":1},"bar":2},
                         {"type":"input_audio","input_audio":{"data":"d","format":"wav","foo":3}},
                         {"type":"file","file":{"file_id":"f","foo":4},"none":null}]},
                      {"role":"assistant","tool_calls":[{"id":"c","type":"function","extra_content":{"google":5},
                         "function":{"name":"f","arguments":"{}","y":6}}]},
                      {"role":"tool","tool_call_id":"c","name":"f","content":"r","z":7}]})"));
  ASSERT_TRUE(parsed) << parsed.error().message;
  const auto& messages = parsed->messages;
  const auto fields = [](const generation::content_part& part) { return boost::json::serialize(part.extensions); };
  EXPECT_EQ(fields(messages[0].parts[0]), R"({"cache_control":{"type":"ephemeral"}})");
  EXPECT_EQ(fields(messages[0].parts[1]), R"({"bar":2,"image_url":{"foo":1}})");
  EXPECT_EQ(fields(messages[0].parts[2]), R"({"input_audio":{"foo":3}})");
  EXPECT_EQ(fields(messages[0].parts[3]), R"({"file":{"foo":4}})");
  EXPECT_EQ(fields(messages[1].parts[0]), R"({"extra_content":{"google":5},"function":{"y":6}})");
  EXPECT_EQ(std::get<generation::tool_result_part>(messages[2].parts[0].what).name, "f");
  EXPECT_EQ(boost::json::serialize(messages[2].extensions), R"({"z":7})");
  EXPECT_EQ(boost::json::serialize(parsed->tools[0].extensions), R"({"cache_control":{"a":2},"function":{"x":1}})");
}

TEST(openai_chat, takes_formats_that_only_the_provider_knows) {
  const auto format = [](std::string_view text) {
    const auto parsed = parse_openai_chat(
        object(R"({"messages":[{"role":"user","content":"a"}],"response_format":)" + std::string(text) + "}"));
    return parsed ? parsed->response_format.value_or(generation::response_format{}) : generation::response_format{};
  };
  using generation::response_format_kind;
  EXPECT_EQ(boost::json::serialize(format(R"({"type":"json_object","schema":{"a":1}})").extensions),
            R"({"schema":{"a":1}})");
  EXPECT_EQ(boost::json::serialize(
                format(R"({"type":"json_schema","json_schema":{"name":"n","schema":{},"y":2},"x":1})").extensions),
            R"({"x":1,"json_schema":{"y":2}})");
  EXPECT_EQ(format(R"({"type":"grammar","grammar":"x"})").kind, response_format_kind::vendor);
  EXPECT_EQ(boost::json::serialize(format(R"({"type":"grammar","grammar":"x"})").vendor),
            R"({"type":"grammar","grammar":"x"})");
}

TEST(openai_chat, takes_null_as_if_it_were_not_there) {
  const auto parsed = parse_openai_chat(object(
      R"({"messages":[{"role":"user","content":"a"}],"max_tokens":null,"max_completion_tokens":7,"functions":null,
          "logit_bias":null,"response_format":null,"tools":null})"));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->max_output_tokens, 7);
  EXPECT_TRUE(parsed->extensions.empty());
  const auto both = parse_openai_chat(
      object(R"({"messages":[{"role":"user","content":"a"}],"max_tokens":5,"max_completion_tokens":7})"));
  EXPECT_EQ(both->max_output_tokens, 7);
  EXPECT_FALSE(both->extensions.contains("max_tokens"));
}

TEST(openai_chat, refuses_functions_and_names_tools) {
  for (const auto& [text, param] :
       {std::pair(R"({"messages":[{"role":"user","content":"a"}],"functions":[{"name":"f"}]})", "functions"),
        {R"({"messages":[{"role":"user","content":"a"}],"function_call":"auto"})", "function_call"},
        {R"({"messages":[{"role":"function","name":"f","content":"a"}]})", "messages[0].role"},
        {R"({"messages":[{"role":"assistant","function_call":{"name":"f"}}]})", "messages[0].function_call"}}) {
    const auto parsed = parse_openai_chat(object(text));
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().param, param);
    EXPECT_NE(parsed.error().message.find("\"tools\""), std::string::npos);
  }
}

TEST(openai_chat, names_the_field_that_is_wrong) {
  EXPECT_EQ(param_of(parse_openai_chat(object("{}"))), "messages");
  EXPECT_EQ(param_of(parse_openai_chat(object(R"({"messages":[]})"))), "messages");
  EXPECT_EQ(param_of(parse_openai_chat(object(R"({"messages":[7]})"))), "messages[0]");
  EXPECT_EQ(param_of(parse_openai_chat(object(R"({"messages":[{"role":"user"}]})"))), "messages[0].content");
  EXPECT_EQ(param_of(parse_openai_chat(object(R"({"messages":[{"role":"tool","content":"x"}]})"))),
            "messages[0].tool_call_id");
  EXPECT_EQ(param_of(parse_openai_chat(object(R"({"messages":[{"role":"user","content":"a"}],"n":0})"))), "n");
  EXPECT_EQ(param_of(parse_openai_chat(
                object(R"({"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function"}]})"))),
            "tools[0].function");
}

}  // namespace
}  // namespace sluice::gateway
