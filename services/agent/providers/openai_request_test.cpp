#include "agent/providers/openai_request.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::agent {
namespace {

using namespace generation;
namespace json = boost::json;

request plain(std::string text = "Hi") {
  request asked;
  asked.dialect = "openai";
  asked.messages.push_back({.role = role::user, .parts = {{text_part{std::move(text)}}}});
  return asked;
}

json::value body_of(const request& asked, openai_server server = openai_server::openai) {
  const result<std::string> body = make_openai_body(asked, "gpt", server);
  EXPECT_TRUE(body) << body.error().message;
  return body ? json::parse(*body) : json::value();
}

json::value messages_of(const request& asked, openai_server server = openai_server::openai) {
  return body_of(asked, server).at("messages");
}

error refused(const request& asked, openai_server server = openai_server::openai) {
  const result<std::string> body = make_openai_body(asked, "gpt", server);
  EXPECT_FALSE(body);
  return body ? error{} : body.error();
}

TEST(openai_request_test, says_the_least_for_the_simplest) {
  EXPECT_EQ(make_openai_body(plain("He said \"é\"\n"), "gpt", openai_server::openai).value(),
            R"({"model":"gpt","messages":[{"role":"user","content":"He said \"é\"\n"}],)"
            R"("stream":true,"stream_options":{"include_usage":true}})");
  request whole = plain();
  whole.streamed = false;
  whole.extensions["stream_options"] = json::object{{"include_obfuscation", false}};
  EXPECT_EQ(make_openai_body(whole, "gpt", openai_server::openai).value(),
            R"({"model":"gpt","messages":[{"role":"user","content":"Hi"}],"stream":false})");
}

TEST(openai_request_test, carries_every_setting) {
  request asked = plain();
  asked.temperature = 0.7;
  asked.top_p = 1;
  asked.frequency_penalty = -0.5;
  asked.presence_penalty = 2;
  asked.max_output_tokens = 100;
  asked.stop = {"END", "\n\n"};
  asked.seed = -7;
  asked.choices = 2;
  asked.logprobs = true;
  asked.top_logprobs = 3;
  asked.reasoning.effort = "low";
  asked.parallel_tool_calls = false;
  asked.metadata["topic"] = "x";
  asked.end_user = "u1";
  asked.tools.push_back(
      {.name = "f", .description = "does f", .parameters = json::object{{"type", "object"}}, .strict = true});
  asked.tools.push_back({.vendor = json::object{{"type", "custom"}}, .dialect = "openai"});
  asked.tool_choice = {.mode = tool_choice_mode::named, .name = "f"};
  asked.response_format = {.kind = response_format_kind::json_schema,
                           .name = "s",
                           .schema = json::object{{"type", "object"}},
                           .strict = false};
  json::value expected = json::parse(R"({"model":"gpt","messages":[{"role":"user","content":"Hi"}],
    "temperature":0.7,"top_p":1,"frequency_penalty":-0.5,"presence_penalty":2,"max_completion_tokens":100,
    "seed":-7,"n":2,"logprobs":true,"top_logprobs":3,"reasoning_effort":"low","stop":["END","\n\n"],
    "tools":[{"type":"function","function":{"name":"f","description":"does f","parameters":{"type":"object"},
      "strict":true}},{"type":"custom"}],
    "tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,
    "response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object"},"strict":false}},
    "metadata":{"topic":"x"},"user":"u1","stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_EQ(body_of(asked), expected);
}

TEST(openai_request_test, names_the_limit_as_the_client_did_or_as_the_server_has_it) {
  const auto name = [](std::string dialect, const std::string& used, openai_server server) {
    request asked = plain();
    asked.dialect = std::move(dialect);
    asked.max_output_tokens = 9;
    if (!used.empty()) asked.extensions[used] = 1;
    const json::value body = body_of(asked, server);
    EXPECT_NE(body.as_object().contains("max_tokens"), body.as_object().contains("max_completion_tokens"));
    const std::string given = body.as_object().contains("max_tokens") ? "max_tokens" : "max_completion_tokens";
    EXPECT_EQ(body.at(given), 9);
    return given;
  };
  EXPECT_EQ(name("openai", "", openai_server::openai), "max_completion_tokens");
  EXPECT_EQ(name("openai", "", openai_server::compatible), "max_tokens");
  EXPECT_EQ(name("openai", "max_tokens", openai_server::openai), "max_tokens");
  EXPECT_EQ(name("openai", "max_completion_tokens", openai_server::compatible), "max_completion_tokens");
  EXPECT_EQ(name("anthropic", "max_tokens", openai_server::openai), "max_completion_tokens");
  EXPECT_EQ(openai_server_at("api.openai.com"), openai_server::openai);
  EXPECT_EQ(openai_server_at("me.openai.azure.com"), openai_server::openai);
  EXPECT_EQ(openai_server_at("127.0.0.1"), openai_server::compatible);
}

TEST(openai_request_test, passes_extensions_of_its_own_dialect_only_and_never_in_place_of_what_is_said) {
  request asked = plain();
  asked.temperature = 1;
  asked.extensions = json::parse(R"({"temperature":0,"model":"x","stream":false,"store":true,
    "stream_options":{"include_usage":false,"include_obfuscation":false}})")
                         .as_object();
  asked.messages[0].extensions = {{"role", "system"}, {"prefix", true}};
  const json::value expected = json::parse(R"({"model":"gpt","messages":[{"role":"user","content":"Hi","prefix":true}],
    "temperature":1,"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},"store":true})");
  EXPECT_EQ(body_of(asked), expected);
  asked.dialect = "anthropic";
  asked.metadata["a"] = "b";
  EXPECT_EQ(body_of(asked),
            json::parse(R"({"model":"gpt","messages":[{"role":"user","content":"Hi"}],"temperature":1,"stream":true,
              "stream_options":{"include_usage":true}})"));
}

TEST(openai_request_test, puts_vendor_fields_of_parts_back_where_they_stood) {
  request asked = plain();
  asked.messages[0].parts[0].extensions = {{"cache_control", {{"type", "ephemeral"}}}};
  asked.messages.push_back(
      {.role = role::assistant,
       .parts = {
           {.what = tool_call_part{.id = "1", .name = "f", .arguments = "{}"},
            .extensions = {{"extra_content", {{"google", {{"thought_signature", "S"}}}}}, {"function", {{"x", 1}}}}},
           {.what = tool_call_part{.id = "2", .name = "g", .is_custom = true}, .extensions = {{"y", 2}}}}});
  asked.messages.push_back(
      {.role = role::tool,
       .parts = {{.what = tool_result_part{.tool_call_id = "1",
                                           .name = "f",
                                           .content = {{text_part{"r"}},
                                                       {.what = text_part{"s"}, .extensions = {{"z", 3}}}}}}},
       .extensions = {{"cache", true}}});
  asked.messages.push_back(
      {.role = role::user,
       .parts = {{.what = image_part{.url = "u"}, .extensions = {{"image_url", {{"a", 1}}}, {"b", 2}}},
                 {.what = audio_part{.data = "d", .format = "wav"}, .extensions = {{"input_audio", {{"a", 1}}}}},
                 {.what = file_part{.file_id = "f"}, .extensions = {{"file", {{"a", 1}}}}}}});
  const json::value expected = json::parse(R"([
    {"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]},
    {"role":"assistant","content":null,"tool_calls":[
      {"id":"1","type":"function","function":{"name":"f","arguments":"{}","x":1},
       "extra_content":{"google":{"thought_signature":"S"}}},
      {"id":"2","type":"custom","custom":{"name":"g","input":""},"y":2}]},
    {"role":"tool","tool_call_id":"1","name":"f","cache":true,
     "content":[{"type":"text","text":"r"},{"type":"text","text":"s","z":3}]},
    {"role":"user","content":[{"type":"image_url","image_url":{"url":"u","a":1},"b":2},
      {"type":"input_audio","input_audio":{"data":"d","format":"wav","a":1}},
      {"type":"file","file":{"file_id":"f","a":1}}]}])");
  for (const char* dialect : {"openai", "sluice"}) {
    asked.dialect = dialect;
    EXPECT_EQ(messages_of(asked, openai_server::compatible), expected) << dialect;
  }
  asked.dialect = "anthropic";
  const std::string others = json::serialize(messages_of(asked));
  EXPECT_EQ(others.find("extra_content"), std::string::npos);
  EXPECT_EQ(others.find("cache"), std::string::npos);
}

TEST(openai_request_test, puts_vendor_fields_of_tools_back_where_they_stood) {
  request asked = plain();
  asked.tools.push_back({.name = "f", .extensions = {{"cache_control", 1}, {"function", {{"x", {{"y", 2}}}}}}});
  EXPECT_EQ(body_of(asked).at("tools"), json::parse(R"([
    {"type":"function","function":{"name":"f","x":{"y":2}},"cache_control":1}])"));
  asked.dialect = "anthropic";
  EXPECT_EQ(body_of(asked).at("tools"), json::parse(R"([{"type":"function","function":{"name":"f"}}])"));
}

TEST(openai_request_test, passes_formats_of_vendors_on) {
  request asked = plain();
  asked.response_format = {.kind = response_format_kind::json_object, .extensions = {{"schema", {{"a", 1}}}}};
  EXPECT_EQ(body_of(asked).at("response_format"), json::parse(R"({"type":"json_object","schema":{"a":1}})"));
  asked.response_format = {
      .kind = response_format_kind::json_schema, .name = "n", .extensions = {{"x", 1}, {"json_schema", {{"y", 2}}}}};
  EXPECT_EQ(body_of(asked).at("response_format"),
            json::parse(R"({"type":"json_schema","json_schema":{"name":"n","y":2},"x":1})"));
  asked.response_format = {.kind = response_format_kind::vendor, .vendor = {{"type", "grammar"}, {"grammar", "x"}}};
  EXPECT_EQ(body_of(asked).at("response_format"), json::parse(R"({"type":"grammar","grammar":"x"})"));
  asked.dialect = "anthropic";
  EXPECT_EQ(refused(asked).param, "response_format");
}

TEST(openai_request_test, writes_every_kind_of_part) {
  request asked = plain();
  asked.messages[0].name = "ann";
  asked.messages[0].parts.push_back({.what = image_part{.url = "https://x/y.png", .detail = "low"}});
  asked.messages[0].parts.push_back({.what = image_part{.media_type = "image/png", .data = "AAAA"}});
  asked.messages[0].parts.push_back({.what = audio_part{.data = "BBBB", .format = "wav"}});
  asked.messages[0].parts.push_back({.what = file_part{.file_id = "file-1"}});
  asked.messages[0].parts.push_back(
      {.what = file_part{.filename = "a.pdf", .media_type = "application/pdf", .data = "CCCC"}});
  asked.messages[0].parts.push_back({.what = file_part{.filename = "b.pdf", .data = "data:application/pdf;base64,DD"}});
  asked.messages[0].parts.push_back({.what = vendor_part{.dialect = "openai", .value = json::object{{"type", "new"}}}});
  EXPECT_EQ(messages_of(asked, openai_server::compatible), json::parse(R"([{"role":"user","name":"ann","content":[
    {"type":"text","text":"Hi"},
    {"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}},
    {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
    {"type":"input_audio","input_audio":{"data":"BBBB","format":"wav"}},
    {"type":"file","file":{"file_id":"file-1"}},
    {"type":"file","file":{"file_data":"data:application/pdf;base64,CCCC","filename":"a.pdf"}},
    {"type":"file","file":{"file_data":"data:application/pdf;base64,DD","filename":"b.pdf"}},
    {"type":"new"}]}])"));
}

TEST(openai_request_test, joins_texts_only_where_servers_want_strings) {
  request asked = plain("a");
  asked.messages[0].role = role::developer;
  asked.messages[0].parts.push_back({.what = text_part{"b"}});
  EXPECT_EQ(messages_of(asked), json::parse(R"([{"role":"developer","content":[{"type":"text","text":"a"},
    {"type":"text","text":"b"}]}])"));
  EXPECT_EQ(messages_of(asked, openai_server::compatible), json::parse(R"([{"role":"system","content":"a\nb"}])"));
}

TEST(openai_request_test, writes_a_conversation_with_tools) {
  request asked = plain();
  asked.messages.push_back(
      {.role = role::assistant,
       .parts = {{.what = tool_call_part{.id = "1", .name = "f", .arguments = "{\"a\":1}"}},
                 {.what = tool_call_part{.id = "2", .name = "g", .arguments = "x", .is_custom = true}}}});
  asked.messages.push_back(
      {.role = role::user,
       .parts = {{.what = text_part{"and?"}},
                 {.what = tool_result_part{.tool_call_id = "1", .content = {{text_part{"r"}}, {text_part{"s"}}}}},
                 {.what = tool_result_part{.tool_call_id = "2"}}}});
  asked.messages.push_back({.role = role::assistant, .parts = {{.what = refusal_part{"no"}}}});
  asked.messages.push_back({.role = role::assistant});
  EXPECT_EQ(messages_of(asked), json::parse(R"([{"role":"user","content":"Hi"},
    {"role":"assistant","content":null,"tool_calls":[
      {"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
      {"id":"2","type":"custom","custom":{"name":"g","input":"x"}}]},
    {"role":"tool","tool_call_id":"1","content":"r\ns"},{"role":"tool","tool_call_id":"2","content":""},
    {"role":"user","content":"and?"},
    {"role":"assistant","content":null,"refusal":"no"},{"role":"assistant","content":""}])"));
}

TEST(openai_request_test, returns_thinking_to_its_own_dialect_only) {
  request asked = plain();
  asked.messages[0] = {.role = role::assistant,
                       .parts = {{.what = reasoning_part{.text = "hm", .signature = "s"}}, {.what = text_part{"yes"}}}};
  EXPECT_EQ(messages_of(asked), json::parse(R"([{"role":"assistant","content":"yes","reasoning_content":"hm"}])"));
  asked.dialect = "anthropic";
  EXPECT_EQ(messages_of(asked), json::parse(R"([{"role":"assistant","content":"yes"}])"));
}

TEST(openai_request_test, refuses_what_cannot_be_said) {
  request asked = plain();
  asked.top_k = 5;
  EXPECT_EQ(refused(asked).param, "top_k");
  EXPECT_EQ(body_of(asked, openai_server::compatible).at("top_k"), 5);

  asked = plain();
  asked.messages[0].parts.push_back({.what = vendor_part{.dialect = "anthropic"}});
  EXPECT_EQ(refused(asked).param, "messages[0].content[1]");
  asked.messages[0].parts[1] = {.what = file_part{.url = "https://x/a.pdf"}};
  EXPECT_EQ(refused(asked).param, "messages[0].content[1]");
  asked.messages[0].parts[1] = {.what = tool_call_part{.id = "1"}};
  EXPECT_EQ(refused(asked).reason, error_reason::invalid_argument);
  asked.messages[0].parts[1] = {.what = tool_result_part{.content = {{image_part{}}}}};
  EXPECT_EQ(refused(asked).param, "messages[0].content[1]");

  asked = plain();
  asked.tools.push_back({.vendor = json::object{}, .dialect = "anthropic"});
  EXPECT_EQ(refused(asked).param, "tools[0]");
  asked = plain();
  asked.dialect = "gemini";
  asked.tool_choice = {.mode = tool_choice_mode::vendor};
  EXPECT_EQ(refused(asked).param, "tool_choice");
}

}  // namespace
}  // namespace sluice::agent
