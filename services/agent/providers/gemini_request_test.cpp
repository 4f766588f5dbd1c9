#include "agent/providers/gemini_request.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace sluice::agent {
namespace {

namespace json = boost::json;
using generation::content_part;
using generation::message;
using generation::role;
using generation::tool_call_part;
using generation::tool_result_part;

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
json::object body_of(const generation::request& asked, std::string_view model = "gemini-2.5-flash") {
  auto body = make_gemini_body(asked, model);
  if (!body) throw std::runtime_error(body.error().param + ": " + body.error().message);
  return json::parse(*body).as_object();
}
std::string param_of(const generation::request& asked) {
  const auto body = make_gemini_body(asked, "gemini-2.5-flash");
  return body ? "none" : body.error().param;
}

TEST(gemini_path, names_are_escaped) {
  EXPECT_EQ(gemini_path("gemini-2.5-flash", "streamGenerateContent?alt=sse"),
            "/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
  EXPECT_EQ(gemini_path("models/gemini-x", "generateContent"), "/models/gemini-x:generateContent");
  EXPECT_EQ(gemini_path("tunedModels/mine", "generateContent"), "/tunedModels/mine:generateContent");
  EXPECT_EQ(gemini_path("a/../b?key=c#d é", "generateContent"),
            "/models/a%2F..%2Fb%3Fkey%3Dc%23d%20%C3%A9:generateContent");
}

TEST(gemini_path, generations_of_models) {
  for (const char* model : {"gemini-3-pro-preview", "gemini-3.5-flash", "models/gemini-4-argon", "gemini-10"})
    EXPECT_TRUE(is_gemini_3_or_later(model)) << model;
  for (const char* model : {"gemini-2.5-pro", "gemini-flash-latest", "gemma-3-27b", "gemini-", ""})
    EXPECT_FALSE(is_gemini_3_or_later(model)) << model;
}

TEST(gemini_body, what_everybody_asks) {
  generation::request asked = ask({say(role::system, "be brief"), say(role::developer, "be kind"),
                                   say(role::user, "hi"), say(role::assistant, "ho"), say(role::assistant, ""),
                                   say(role::system, "by the way"), say(role::user, "hey")});
  asked.temperature = 0.5;
  asked.top_p = 0.9;
  asked.top_k = 40;
  asked.max_output_tokens = 100;
  asked.choices = 2;
  asked.seed = 7;
  asked.presence_penalty = 1;
  asked.frequency_penalty = -1;
  asked.logprobs = true;
  asked.top_logprobs = 3;
  asked.stop = {"END", "", "\n"};
  asked.end_user = "u";
  EXPECT_EQ(json::value(body_of(asked)), json::parse(R"({
    "systemInstruction": {"parts": [{"text": "be brief"}, {"text": "be kind"}]},
    "contents": [
      {"role": "user", "parts": [{"text": "hi"}]},
      {"role": "model", "parts": [{"text": "ho"}]},
      {"role": "user", "parts": [{"text": "by the way"}, {"text": "hey"}]}],
    "generationConfig": {
      "temperature": 0.5, "topP": 0.9, "topK": 40, "maxOutputTokens": 100, "candidateCount": 2, "seed": 7,
      "presencePenalty": 1.0, "frequencyPenalty": -1.0, "responseLogprobs": true, "logprobs": 3,
      "stopSequences": ["END", "\n"]}})"));
}

TEST(gemini_body, a_round_of_tools) {
  tool_result_part dry{.tool_call_id = "t1"};
  dry.content.push_back({generation::text_part{"dry"}});
  tool_result_part object{.tool_call_id = "t2"};
  object.content.push_back({generation::text_part{R"({"at": "noon"})"}});
  object.content.push_back({generation::image_part{.media_type = "image/png", .data = "AA=="}});
  tool_result_part bad{.tool_call_id = "t3", .is_error = true};
  bad.content.push_back({generation::text_part{"no"}});
  generation::request asked = ask({
      say(role::user, "rain?"),
      with(role::assistant, {{generation::reasoning_part{.text = "hm", .signature = "sig"}},
                             {generation::reasoning_part{.text = "of nobody"}},
                             {generation::reasoning_part{.redacted = "xyz"}},
                             {tool_call_part{.id = "t1", .name = "f", .arguments = R"({"a":1})", .signature = "s1"}},
                             {tool_call_part{.id = "t2", .name = "g", .arguments = ""}},
                             {tool_call_part{.id = "t3", .name = "h", .arguments = "free"}}}),
      with(role::tool, {{dry}}),
      with(role::tool, {{object}}),
      with(role::tool, {{bad}}),
      say(role::user, "well?"),
  });
  asked.tools = {{.name = "f", .description = "d", .parameters = json::parse(R"({"type":"object"})"), .strict = true},
                 {.name = "g"}};
  EXPECT_EQ(body_of(asked).at("contents"), json::parse(R"([
    {"role": "user", "parts": [{"text": "rain?"}]},
    {"role": "model", "parts": [
      {"text": "hm", "thought": true, "thoughtSignature": "sig"},
      {"functionCall": {"name": "f", "args": {"a": 1}, "id": "t1"}, "thoughtSignature": "s1"},
      {"functionCall": {"name": "g", "args": {}, "id": "t2"}},
      {"functionCall": {"name": "h", "args": {"arguments": "free"}, "id": "t3"}}]},
    {"role": "user", "parts": [
      {"functionResponse": {"name": "f", "response": {"output": "dry"}, "id": "t1"}},
      {"functionResponse": {"name": "g", "response": {"at": "noon"}, "id": "t2",
                            "parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}},
      {"functionResponse": {"name": "h", "response": {"error": "no"}, "id": "t3"}}]},
    {"role": "user", "parts": [{"text": "well?"}]}])"));
  EXPECT_EQ(body_of(asked).at("tools"), json::parse(R"([{"functionDeclarations": [
    {"name": "f", "description": "d", "parametersJsonSchema": {"type": "object"}}, {"name": "g"}]}])"));
}

// Arguments nest as deeply as a request may.
TEST(gemini_body, deep_arguments_stay_arguments) {
  std::string deep;
  for (int i = 0; i < 100; ++i)
    deep += R"({"a":)";
  deep += "1" + std::string(100, '}');
  const auto body = make_gemini_body(
      ask({with(role::assistant, {{tool_call_part{.id = "t", .name = "f", .arguments = deep}}})}), "gemini-2.5-flash");
  ASSERT_TRUE(body);
  EXPECT_TRUE(body->contains(R"("args":)" + deep));
}

TEST(gemini_body, signatures_of_calls) {
  const auto signature_of = [](content_part call, std::string_view model) {
    const json::object body = body_of(ask({with(role::assistant, {std::move(call)})}), model);
    const json::value* const found =
        body.at("contents").at(0).at("parts").at(0).as_object().if_contains("thoughtSignature");
    return found == nullptr ? std::string("none") : std::string(found->as_string());
  };
  content_part call{tool_call_part{.id = "t", .name = "f", .arguments = "{}"}};
  EXPECT_EQ(signature_of(call, "gemini-2.5-pro"), "none");
  EXPECT_EQ(signature_of(call, "gemini-3-pro"), "skip_thought_signature_validator");
  call.extensions = json::parse(R"({"extra_content":{"google":{"thought_signature":"theirs"}}})").as_object();
  EXPECT_EQ(signature_of(call, "gemini-3-pro"), "theirs");
  std::get<tool_call_part>(call.what).signature = "own";
  EXPECT_EQ(signature_of(call, "gemini-2.5-pro"), "own");
}

TEST(gemini_body, only_the_first_of_calls_in_parallel_has_a_signature) {
  const json::object body = body_of(
      ask({with(role::assistant, {{tool_call_part{.id = "1", .name = "f"}}, {tool_call_part{.id = "2", .name = "g"}}}),
           with(role::tool, {{tool_result_part{.tool_call_id = "1"}}, {tool_result_part{.tool_call_id = "2"}}}),
           with(role::assistant, {{tool_call_part{.id = "3", .name = "f"}}})}),
      "gemini-3-pro");
  const auto has = [&](int content, int part) {
    return body.at("contents").at(content).at("parts").at(part).as_object().contains("thoughtSignature");
  };
  EXPECT_TRUE(has(0, 0));
  EXPECT_FALSE(has(0, 1));
  EXPECT_TRUE(has(2, 0));
}

TEST(gemini_body, which_tool_is_called) {
  using mode = generation::tool_choice_mode;
  generation::request asked = ask({say(role::user, "x")});
  const auto told = [&](mode which) {
    asked.tool_choice = generation::tool_choice{.mode = which, .name = "f"};
    return body_of(asked).at("toolConfig").at("functionCallingConfig");
  };
  EXPECT_EQ(told(mode::automatic), json::parse(R"({"mode": "AUTO"})"));
  EXPECT_EQ(told(mode::none), json::parse(R"({"mode": "NONE"})"));
  EXPECT_EQ(told(mode::required), json::parse(R"({"mode": "ANY"})"));
  EXPECT_EQ(told(mode::named), json::parse(R"({"mode": "ANY", "allowedFunctionNames": ["f"]})"));
}

TEST(gemini_body, images_audio_and_documents) {
  const json::object body = body_of(
      ask({with(role::user, {{generation::image_part{.media_type = "image/png", .data = "AA=="}},
                             {generation::image_part{.url = "https://x/y.JPG?z=1"}},
                             {generation::image_part{.url = "https://x/y.webp?z=1"}},
                             {generation::image_part{.url = "data:image/gif;base64,CC=="}},
                             {generation::audio_part{.data = "DD==", .format = "wav"}},
                             {generation::file_part{.filename = "t.pdf", .data = "data:application/pdf;base64,BB=="}},
                             {generation::file_part{.filename = "t.csv", .data = "EE=="}},
                             {generation::file_part{.url = "gs://b/v", .media_type = "video/mp4"}},
                             {generation::file_part{.file_id = "https://g/v1beta/files/a"}}})}));
  EXPECT_EQ(body.at("contents").at(0).at("parts"), json::parse(R"([
    {"inlineData": {"mimeType": "image/png", "data": "AA=="}},
    {"fileData": {"fileUri": "https://x/y.JPG?z=1"}},
    {"fileData": {"fileUri": "https://x/y.webp?z=1", "mimeType": "image/webp"}},
    {"inlineData": {"mimeType": "image/gif", "data": "CC=="}},
    {"inlineData": {"mimeType": "audio/wav", "data": "DD=="}},
    {"inlineData": {"mimeType": "application/pdf", "data": "BB=="}},
    {"inlineData": {"mimeType": "text/csv", "data": "EE=="}},
    {"fileData": {"fileUri": "gs://b/v", "mimeType": "video/mp4"}},
    {"fileData": {"fileUri": "https://g/v1beta/files/a"}}])"));
}

TEST(gemini_body, how_hard_it_thinks) {
  generation::request asked = ask({say(role::user, "x")});
  const auto thinking = [&](std::string_view model) {
    const json::object body = body_of(asked, model);
    return body.contains("generationConfig") ? body.at("generationConfig").at("thinkingConfig") : json::value();
  };
  EXPECT_EQ(thinking("gemini-3-pro"), json::value());
  asked.reasoning.effort = "low";
  EXPECT_EQ(thinking("gemini-3-pro"), json::parse(R"({"thinkingLevel": "LOW", "includeThoughts": true})"));
  EXPECT_EQ(thinking("gemini-2.5-pro"), json::parse(R"({"thinkingBudget": 1024, "includeThoughts": true})"));
  asked.reasoning.effort = "none";
  EXPECT_EQ(thinking("gemini-2.5-flash"), json::parse(R"({"thinkingBudget": 0})"));
  asked.reasoning.budget_tokens = 2000;
  EXPECT_EQ(thinking("gemini-3-pro"), json::parse(R"({"thinkingBudget": 2000, "includeThoughts": true})"));
  asked.reasoning = {.effort = "", .budget_tokens = {}, .summary = "auto"};
  EXPECT_EQ(thinking("gemini-3-pro"), json::parse(R"({"includeThoughts": true})"));
  asked.reasoning.effort = "hardest";
  EXPECT_EQ(param_of(asked), "reasoning_effort");
}

TEST(gemini_body, answers_in_json) {
  generation::request asked = ask({say(role::user, "x")});
  asked.response_format = generation::response_format{.kind = generation::response_format_kind::json_object};
  EXPECT_EQ(body_of(asked).at("generationConfig"), json::parse(R"({"responseMimeType": "application/json"})"));
  asked.response_format->kind = generation::response_format_kind::json_schema;
  asked.response_format->schema = json::parse(R"({"type": "object"})");
  EXPECT_EQ(body_of(asked).at("generationConfig"), json::parse(R"({
    "responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}})"));
  asked.response_format->kind = generation::response_format_kind::text;
  EXPECT_FALSE(body_of(asked).contains("generationConfig"));
}

TEST(gemini_body, own_words_pass_as_they_came) {
  content_part clip{generation::file_part{.url = "https://x/v.mp4"}};
  clip.extensions = json::parse(R"({"videoMetadata": {"fps": 1}})").as_object();
  content_part signed_text{generation::text_part{""}};
  signed_text.extensions = json::parse(R"({"thoughtSignature": "s"})").as_object();
  const content_part code{
      generation::vendor_part{.dialect = "gemini", .value = json::parse(R"({"executableCode": {"code": "1"}})")}};
  generation::request asked = ask({with(role::user, {clip}), with(role::assistant, {signed_text, code})});
  asked.dialect = gemini_dialect;
  asked.temperature = 0.5;
  asked.reasoning.budget_tokens = 9;
  asked.tools = {{.name = "f", .extensions = json::parse(R"({"behavior": "BLOCKING"})").as_object()},
                 {.vendor = json::parse(R"({"googleSearch": {}})"), .dialect = "gemini"}};
  asked.tool_choice = generation::tool_choice{.mode = generation::tool_choice_mode::automatic};
  asked.extensions = json::parse(R"({
    "safetySettings": [{"category": "C", "threshold": "BLOCK_NONE"}], "cachedContent": "cachedContents/1",
    "contents": "never", "toolConfig": {"retrievalConfig": {}},
    "generationConfig": {"temperature": 9, "responseModalities": ["IMAGE"], "thinkingConfig": {"thinkingBudget": -1}}
  })")
                         .as_object();
  EXPECT_EQ(json::value(body_of(asked)), json::parse(R"({
    "contents": [
      {"role": "user", "parts": [{"fileData": {"fileUri": "https://x/v.mp4", "mimeType": "video/mp4"},
                                  "videoMetadata": {"fps": 1}}]},
      {"role": "model", "parts": [{"text": "", "thoughtSignature": "s"}, {"executableCode": {"code": "1"}}]}],
    "tools": [{"functionDeclarations": [{"name": "f", "behavior": "BLOCKING"}]}, {"googleSearch": {}}],
    "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}, "retrievalConfig": {}},
    "generationConfig": {"temperature": 0.5, "thinkingConfig": {"thinkingBudget": -1},
                         "responseModalities": ["IMAGE"]},
    "safetySettings": [{"category": "C", "threshold": "BLOCK_NONE"}], "cachedContent": "cachedContents/1"})"));
}

TEST(gemini_body, words_of_others_do_not) {
  content_part text{generation::text_part{"hi"}};
  text.extensions = json::parse(R"({"cache_control": {"type": "ephemeral"}})").as_object();
  generation::request asked = ask({with(role::user, {text})});
  asked.dialect = "anthropic";
  asked.extensions = json::parse(R"({"container": "c", "generationConfig": {"x": 1}})").as_object();
  EXPECT_EQ(json::value(body_of(asked)), json::parse(R"({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})"));
}

// What an answer held is handed back whoever asks on: an image that the model signed, code that it ran.
TEST(gemini_body, what_the_model_made_goes_back) {
  content_part image{generation::image_part{.media_type = "image/png", .data = "AA=="}};
  image.extensions = json::parse(R"({"thoughtSignature": "s", "other": 1})").as_object();
  const content_part code{
      generation::vendor_part{.dialect = "gemini", .value = json::parse(R"({"executableCode": {"code": "1"}})")}};
  EXPECT_EQ(body_of(ask({with(role::assistant, {image, code})})).at("contents").at(0).at("parts"), json::parse(R"([
    {"inlineData": {"mimeType": "image/png", "data": "AA=="}, "thoughtSignature": "s"},
    {"executableCode": {"code": "1"}}])"));
}

TEST(gemini_body, what_it_cannot_be_told) {
  EXPECT_EQ(param_of(ask({say(role::user, "x"), with(role::tool, {{tool_result_part{.tool_call_id = "lost"}}})})),
            "messages[1].content[0]");
  EXPECT_EQ(param_of(ask({with(role::user, {{tool_call_part{.id = "t", .name = "f"}}})})), "messages[0].content[0]");
  EXPECT_EQ(param_of(ask({with(role::user, {{generation::file_part{.file_id = "file-1"}}})})),
            "messages[0].content[0]");
  EXPECT_EQ(param_of(ask({with(role::user, {{generation::vendor_part{.dialect = "anthropic"}}})})),
            "messages[0].content[0]");
  generation::request asked = ask({say(role::user, "x")});
  asked.tools = {{.name = "f"}};
  asked.parallel_tool_calls = false;
  EXPECT_EQ(param_of(asked), "parallel_tool_calls");
  asked.parallel_tool_calls = {};
  asked.tools.push_back({.vendor = json::object{{"type", "custom"}}, .dialect = "openai"});
  EXPECT_EQ(param_of(asked), "tools[1]");
  asked.tools.clear();
  asked.tool_choice = generation::tool_choice{.mode = generation::tool_choice_mode::vendor};
  EXPECT_EQ(param_of(asked), "tool_choice");
  asked.tool_choice = {};
  asked.response_format = generation::response_format{.kind = generation::response_format_kind::vendor};
  EXPECT_EQ(param_of(asked), "response_format");
}

}  // namespace
}  // namespace sluice::agent
