#include "agent/providers/anthropic_request.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace sluice::agent {
namespace {

namespace json = boost::json;
using generation::content_part;
using generation::message;
using generation::role;

message say(role who, std::string text) {
  message made{.role = who};
  made.parts.push_back({generation::text_part{std::move(text)}});
  return made;
}
message with(role who, std::vector<content_part> parts) {
  message made{.role = who};
  made.parts = std::move(parts);
  return made;
}
generation::request ask(std::vector<message> messages) {
  generation::request asked;
  asked.messages = std::move(messages);
  return asked;
}
json::object body_of(const generation::request& asked) {
  auto body = make_anthropic_body(asked, "claude");
  if (!body) throw std::runtime_error(body.error().param + ": " + body.error().message);
  return json::parse(*body).as_object();
}
std::string param_of(const generation::request& asked) {
  const auto body = make_anthropic_body(asked, "claude");
  return body ? "none" : body.error().param;
}

TEST(anthropic_body, what_everybody_asks) {
  generation::request asked = ask({say(role::system, "be brief"), say(role::user, "hi")});
  asked.temperature = 0.5;
  asked.stop = {"END", "\n"};
  asked.end_user = "u";
  asked.frequency_penalty = 1;
  EXPECT_EQ(json::value(body_of(asked)), json::parse(R"({
    "model": "claude", "max_tokens": 8192, "stream": true,
    "system": [{"type": "text", "text": "be brief"}],
    "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    "temperature": 0.5, "stop_sequences": ["END"], "metadata": {"user_id": "u"}})"));
}

TEST(anthropic_body, neighbours_of_one_role_are_one_message) {
  const json::object body = body_of(ask({
      say(role::user, "a"),
      say(role::developer, "by the way"),
      say(role::assistant, "b"),
      say(role::assistant, " \n"),
      say(role::assistant, "c"),
      say(role::user, "d"),
  }));
  EXPECT_EQ(body.at("messages"), json::parse(R"([
    {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "by the way"}]},
    {"role": "assistant", "content": [{"type": "text", "text": "b"}, {"type": "text", "text": "c"}]},
    {"role": "user", "content": [{"type": "text", "text": "d"}]}])"));
}

TEST(anthropic_body, a_round_of_tools) {
  using generation::tool_call_part;
  using generation::tool_result_part;
  tool_result_part good{.tool_call_id = "t1"};
  good.content.push_back({generation::text_part{"dry"}});
  const tool_result_part bad{.tool_call_id = "t2", .is_error = true};
  generation::request asked = ask({
      say(role::user, "rain?"),
      with(role::assistant, {{generation::reasoning_part{.text = "hm", .signature = "sig"}},
                             {generation::reasoning_part{.text = "of nobody"}},
                             {generation::reasoning_part{.redacted = "xyz"}},
                             {tool_call_part{.id = "t1", .name = "f", .arguments = R"({"a":1})"}},
                             {tool_call_part{.id = "t2", .name = "g", .arguments = ""}}}),
      with(role::tool, {{good}}),
      with(role::tool, {{bad}}),
      say(role::user, "well?"),
  });
  asked.tools = {{.name = "f", .description = "d", .parameters = json::parse(R"({"type":"object"})"), .strict = true},
                 {.name = "g"}};
  asked.tool_choice = generation::tool_choice{.mode = generation::tool_choice_mode::required};
  asked.parallel_tool_calls = false;
  const json::object body = body_of(asked);
  EXPECT_EQ(body.at("messages"), json::parse(R"([
    {"role": "user", "content": [{"type": "text", "text": "rain?"}]},
    {"role": "assistant", "content": [
      {"type": "thinking", "thinking": "hm", "signature": "sig"}, {"type": "redacted_thinking", "data": "xyz"},
      {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
      {"type": "tool_use", "id": "t2", "name": "g", "input": {}}]},
    {"role": "user", "content": [
      {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "dry"}]},
      {"type": "tool_result", "tool_use_id": "t2", "is_error": true}, {"type": "text", "text": "well?"}]}])"));
  EXPECT_EQ(body.at("tools"), json::parse(R"([
    {"name": "f", "description": "d", "input_schema": {"type": "object"}, "strict": true},
    {"name": "g", "input_schema": {"type": "object", "properties": {}}}])"));
  EXPECT_EQ(body.at("tool_choice"), json::parse(R"({"type": "any", "disable_parallel_tool_use": true})"));
}

TEST(anthropic_body, images_and_documents) {
  const json::object body = body_of(
      ask({with(role::user, {{generation::image_part{.media_type = "image/png", .data = "AA=="}},
                             {generation::image_part{.url = "https://x/y.png"}},
                             {generation::file_part{.filename = "t.pdf", .data = "data:application/pdf;base64,BB=="}},
                             {generation::file_part{.file_id = "file_1"}}})}));
  EXPECT_EQ(body.at("messages").at(0).at("content"), json::parse(R"([
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
    {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
    {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "BB=="},
     "title": "t.pdf"},
    {"type": "document", "source": {"type": "file", "file_id": "file_1"}}])"));
}

TEST(anthropic_body, how_hard_it_thinks) {
  generation::request asked = ask({say(role::user, "x")});
  asked.reasoning.budget_tokens = 2000;
  EXPECT_EQ(body_of(asked).at("thinking"), json::parse(R"({"type": "enabled", "budget_tokens": 2000})"));
  EXPECT_EQ(body_of(asked).at("max_tokens"), 10192);
  asked.reasoning = {.effort = "minimal"};
  EXPECT_EQ(body_of(asked).at("output_config"), json::parse(R"({"effort": "low"})"));
  asked.reasoning = {.effort = "none"};
  EXPECT_EQ(body_of(asked).at("thinking"), json::parse(R"({"type": "disabled"})"));
  asked.response_format = generation::response_format{.kind = generation::response_format_kind::json_schema,
                                                      .schema = json::parse(R"({"type":"object"})")};
  EXPECT_EQ(body_of(asked).at("output_config").at("format"),
            json::parse(R"({"type": "json_schema", "schema": {"type": "object"}})"));
}

TEST(anthropic_body, a_client_of_this_dialect_is_passed_on_to_the_letter) {
  generation::request asked = ask({say(role::user, "x")});
  asked.messages[0].parts[0].extensions = json::parse(R"({"cache_control":{"type":"ephemeral"}})").as_object();
  asked.messages[0].parts.push_back(
      {generation::vendor_part{.dialect = "anthropic", .value = json::parse(R"({"type":"search_result"})")}});
  asked.tools = {{.vendor = json::parse(R"({"type":"web_search_1"})"), .dialect = "anthropic"},
                 {.name = "f", .extensions = json::parse(R"({"cache_control":{}})").as_object()}};
  asked.reasoning.effort = "high";
  asked.dialect = "anthropic";
  asked.extensions =
      json::parse(R"({"service_tier":"auto","output_config":{"effort":"high","x":1},"stream":false})").as_object();
  const json::object body = body_of(asked);
  EXPECT_EQ(body.at("messages").at(0).at("content"), json::parse(R"([
    {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}, {"type": "search_result"}])"));
  EXPECT_EQ(body.at("tools").at(0), json::parse(R"({"type":"web_search_1"})"));
  EXPECT_TRUE(body.at("tools").at(1).as_object().contains("cache_control"));
  EXPECT_EQ(body.at("output_config"), json::parse(R"({"effort":"high","x":1})"));
  EXPECT_EQ(body.at("service_tier"), "auto");
  EXPECT_EQ(body.at("stream"), true);
  // The same words of another dialect mean nothing here.
  asked.dialect = "openai";
  asked.messages[0].parts.pop_back();
  asked.tools.erase(asked.tools.begin());
  EXPECT_FALSE(body_of(asked).contains("service_tier"));
  EXPECT_FALSE(body_of(asked).at("messages").at(0).at("content").at(0).as_object().contains("cache_control"));
}

TEST(anthropic_body, refuses_what_it_cannot_say) {
  const generation::request plain = ask({say(role::user, "x")});
  const auto changed = [&plain](auto change) {
    generation::request asked = plain;
    change(asked);
    return param_of(asked);
  };
  EXPECT_EQ(changed([](auto& asked) { asked.choices = 2; }), "n");
  EXPECT_EQ(changed([](auto& asked) { asked.logprobs = true; }), "logprobs");
  EXPECT_EQ(changed([](auto& asked) {
              asked.response_format =
                  generation::response_format{.kind = generation::response_format_kind::json_object};
            }),
            "response_format");
  EXPECT_EQ(changed([](auto& asked) { asked.tools = {{.vendor = json::parse("{}"), .dialect = "openai"}}; }),
            "tools[0]");
  EXPECT_EQ(param_of(ask({with(role::user, {{generation::audio_part{.data = "A", .format = "wav"}}})})),
            "messages[0].content[0]");
  EXPECT_EQ(param_of(ask({with(role::user, {{generation::vendor_part{.dialect = "gemini"}}})})),
            "messages[0].content[0]");
}

}  // namespace
}  // namespace sluice::agent
