#include "gateway/faces/gemini_request.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/faces/gemini_schema.hpp"
#include "generation/content_json.hpp"

namespace sluice::gateway::gemini {
namespace {

namespace json = boost::json;
using generation::role;

generation::request parse(std::string_view body) {
  auto asked = parse_generate_request(json::parse(body).as_object(), "m");
  EXPECT_TRUE(asked) << (asked ? "" : asked.error().message);
  return asked.value_or(generation::request{});
}
generation::request say(std::string_view contents) {
  return parse(R"({"contents":[)" + std::string(contents) + "]}");
}
std::string parts_of(const generation::message& said) {
  return json::serialize(generation::to_json(said.parts));
}

TEST(gemini_request, everything_with_a_neutral_name) {
  const auto asked = parse(R"({
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
    "generationConfig": {"temperature": 0.5, "topP": 0.9, "topK": 40.0, "candidateCount": 2, "maxOutputTokens": 100,
      "stopSequences": ["END"], "presencePenalty": 0.1, "frequencyPenalty": 0.2, "seed": 7, "responseLogprobs": true,
      "logprobs": 3, "thinkingConfig": {"thinkingBudget": 1024, "includeThoughts": true}},
    "safetySettings": [{"category": "X"}], "cachedContent": "cachedContents/1"})");
  ASSERT_EQ(asked.messages.size(), 2U);
  EXPECT_EQ(asked.messages[0].role, role::system);
  EXPECT_EQ(asked.messages[1].role, role::user);
  EXPECT_EQ(asked.model, "m");
  EXPECT_EQ(asked.temperature, 0.5);
  EXPECT_EQ(asked.top_p, 0.9);
  EXPECT_EQ(asked.top_k, 40);
  EXPECT_EQ(asked.choices, 2);
  EXPECT_EQ(asked.max_output_tokens, 100);
  EXPECT_THAT(asked.stop, ::testing::ElementsAre("END"));
  EXPECT_EQ(asked.seed, 7);
  EXPECT_EQ(asked.logprobs, true);
  EXPECT_EQ(asked.top_logprobs, 3);
  EXPECT_EQ(asked.reasoning.budget_tokens, 1024);
  EXPECT_EQ(asked.reasoning.summary, "auto");
  EXPECT_EQ(json::serialize(asked.extensions),
            R"({"generationConfig":{"thinkingConfig":{"thinkingBudget":1024,"includeThoughts":true}},)"
            R"("safetySettings":[{"category":"X"}],"cachedContent":"cachedContents/1"})");
}

TEST(gemini_request, names_in_snake_case) {
  const auto asked = parse(R"({
    "system_instruction": {"parts": {"text": "Be brief."}},
    "contents": [{"parts": [{"inline_data": {"mime_type": "image/png", "data": "iVBORw=="}},
                            {"file_data": {"file_uri": "https://a.example/b.pdf", "mime_type": "application/pdf"}}]}],
    "generation_config": {"max_output_tokens": 5, "response_mime_type": "application/json"},
    "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["f"]}},
    "tools": [{"function_declarations": [{"name": "f"}]}]})");
  ASSERT_EQ(asked.messages.size(), 2U);
  EXPECT_EQ(parts_of(asked.messages[1]), R"([{"type":"image","media_type":"image/png","data":"iVBORw=="},)"
                                         R"({"type":"file","url":"https://a.example/b.pdf",)"
                                         R"("media_type":"application/pdf"}])");
  EXPECT_EQ(asked.max_output_tokens, 5);
  EXPECT_EQ(asked.response_format->kind, generation::response_format_kind::json_object);
  EXPECT_EQ(asked.tool_choice->mode, generation::tool_choice_mode::named);
  EXPECT_EQ(asked.tool_choice->name, "f");
  EXPECT_EQ(asked.tools.at(0).name, "f");
}

TEST(gemini_request, calls_and_results_find_each_other_without_ids) {
  const auto asked = say(R"(
    {"role": "user", "parts": [{"text": "Weather in Rome and Oslo?"}]},
    {"role": "model", "parts": [
      {"functionCall": {"name": "weather", "args": {"city": "Rome"}}, "thoughtSignature": "s"},
                                {"functionCall": {"name": "weather", "args": {"city": "Oslo"}}}]},
    {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"output": "sunny"}}},
                               {"functionResponse": {"name": "weather", "response": {"error": "no such city"}}},
                               {"text": "And?"}]})");
  ASSERT_EQ(asked.messages.size(), 5U);
  EXPECT_EQ(parts_of(asked.messages[1]), R"([{"type":"tool_call","id":"call_1","name":"weather",)"
                                         R"("arguments":"{\"city\":\"Rome\"}","signature":"s"},)"
                                         R"({"type":"tool_call","id":"call_2","name":"weather",)"
                                         R"("arguments":"{\"city\":\"Oslo\"}"}])");
  EXPECT_EQ(asked.messages[2].role, role::tool);
  EXPECT_EQ(parts_of(asked.messages[2]), R"([{"type":"tool_result","tool_call_id":"call_1",)"
                                         R"("content":[{"type":"text","text":"sunny"}],"name":"weather"}])");
  EXPECT_EQ(parts_of(asked.messages[3]), R"([{"type":"tool_result","tool_call_id":"call_2",)"
                                         R"("content":[{"type":"text","text":"no such city"}],"name":"weather",)"
                                         R"("is_error":true}])");
  EXPECT_EQ(asked.messages[4].role, role::user);
}

TEST(gemini_request, a_stream_that_was_kept_in_pieces_is_one_message) {
  const auto asked = say(R"(
    {"role": "user", "parts": [{"text": "Hi"}]},
    {"role": "model", "parts": [{"text": "let me ", "thought": true}]},
    {"role": "model", "parts": [{"text": "see", "thought": true},
                                {"thought": true, "text": "", "thoughtSignature": "t"}]},
    {"role": "model", "parts": [{"text": "Hel"}]},
    {"role": "model", "parts": [{"text": "lo"}, {"text": "", "thoughtSignature": "s"}]},
    {"role": "model", "parts": [{"text": ""}]},
    {"role": "model", "parts": [{"executableCode": {"code": "1"}}]},
    {"role": "user", "parts": [{"text": "Bye"}]})");
  ASSERT_EQ(asked.messages.size(), 3U);
  EXPECT_EQ(parts_of(asked.messages[1]),
            R"([{"type":"reasoning","text":"let me see","signature":"t"},)"
            R"({"type":"text","text":"Hello","extensions":{"thoughtSignature":"s"}},)"
            R"({"type":"vendor","dialect":"gemini","value":{"executableCode":{"code":"1"}}}])");
}

TEST(gemini_request, schemas_of_openapis_kind) {
  const json::value own = json::parse(R"({"type": "OBJECT", "nullable": true, "required": ["a"], "properties": {
    "a": {"type": "STRING", "enum": ["x"], "nullable": true}, "b": {"type": "ARRAY", "minItems": "1",
    "items": {"anyOf": [{"type": "INTEGER", "format": "int32"}, {"type": "NULL"}]}}, "type": {"type": "NUMBER"}},
    "property_ordering": ["b", "a"]})");
  EXPECT_EQ(json_schema_of(own), json::parse(R"({"type": ["object", "null"], "required": ["a"], "properties": {
    "a": {"type": ["string", "null"], "enum": ["x"]}, "b": {"type": "array", "minItems": 1,
    "items": {"anyOf": [{"type": "integer", "format": "int32"}, {"type": "null"}]}}, "type": {"type": "number"}}})"));
  const auto asked = parse(R"({"contents": [{"parts": [{"text": "x"}]}],
    "tools": [{"functionDeclarations": [{"name": "f", "description": "d", "parameters": {"type": "OBJECT"}},
                                        {"name": "g", "parametersJsonSchema": {"type": "object"}}]},
              {"googleSearch": {}}],
    "generationConfig": {"responseMimeType": "application/json", "responseSchema": {"type": "STRING"}}})");
  ASSERT_EQ(asked.tools.size(), 3U);
  EXPECT_EQ(json::serialize(asked.tools[0].parameters), R"({"type":"object"})");
  EXPECT_EQ(json::serialize(asked.tools[0].extensions), R"({"parameters":{"type":"OBJECT"}})");
  EXPECT_EQ(json::serialize(asked.tools[1].parameters), R"({"type":"object"})");
  EXPECT_EQ(asked.tools[2].dialect, "gemini");
  EXPECT_EQ(json::serialize(asked.tools[2].vendor), R"({"googleSearch":{}})");
  EXPECT_EQ(json::serialize(asked.response_format->schema), R"({"type":"string"})");
  EXPECT_EQ(json::serialize(asked.extensions), R"({"generationConfig":{"responseSchema":{"type":"STRING"}}})");
}

TEST(gemini_request, what_is_wrong_is_named) {
  const auto refused = [](std::string_view body) {
    const auto asked = parse_generate_request(json::parse(body).as_object(), "m");
    EXPECT_FALSE(asked) << body;
    if (!asked) EXPECT_EQ(asked.error().reason, error_reason::invalid_argument) << body;
    return asked ? std::string() : asked.error().param;
  };
  EXPECT_EQ(refused("{}"), "contents");
  EXPECT_EQ(refused(R"({"contents":[]})"), "contents");
  EXPECT_EQ(refused(R"({"contents":[{"parts":[]}]})"), "contents");
  EXPECT_EQ(refused(R"({"contents":["x"]})"), "contents[0]");
  EXPECT_EQ(refused(R"({"contents":[{"role":"assistant","parts":[{"text":"x"}]}]})"), "contents[0].role");
  EXPECT_EQ(refused(R"({"contents":[{"parts":[{"text":5}]}]})"), "contents[0].parts[0].text");
  EXPECT_EQ(refused(R"({"contents":[{"parts":[{}]}]})"), "contents[0].parts[0]");
  EXPECT_EQ(refused(R"({"contents":[{"parts":[{"inlineData":{"data":"x"}}]}]})"),
            "contents[0].parts[0].inlineData.mimeType");
  EXPECT_EQ(refused(R"({"contents":[{"parts":[{"functionCall":{}}]}]})"), "contents[0].parts[0].functionCall.name");
  EXPECT_EQ(refused(R"({"contents":[{"parts":[{"functionResponse":{"name":"f","response":{}}}]}]})"),
            "contents[0].parts[0].functionResponse");
  constexpr std::string_view fine = R"({"contents":[{"parts":[{"text":"x"}]}],)";
  const auto with = [&](std::string_view more) { return refused(std::string(fine) + std::string(more) + "}"); };
  EXPECT_EQ(with(R"("generationConfig":[])"), "generationConfig");
  EXPECT_EQ(with(R"("generationConfig":{"temperature":"hot"})"), "generationConfig.temperature");
  EXPECT_EQ(with(R"("generationConfig":{"stopSequences":[1]})"), "generationConfig.stopSequences");
  EXPECT_EQ(with(R"("tools":{})"), "tools");
  EXPECT_EQ(with(R"("tools":[{"functionDeclarations":[{}]}])"), "tools[0].functionDeclarations[0].name");
  EXPECT_EQ(with(R"("toolConfig":{"functionCallingConfig":{"mode":"SOME"}})"), "toolConfig.functionCallingConfig.mode");
}

TEST(gemini_request, count_tokens_takes_contents_or_a_whole_request) {
  const auto plain = parse_count_request(json::parse(R"({"contents":[{"parts":[{"text":"x"}]}]})").as_object(), "m");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->messages.size(), 1U);
  const auto whole = parse_count_request(
      json::parse(R"({"generate_content_request":{"model":"models/other","contents":[{"parts":[{"text":"x"}]}],
                      "systemInstruction":{"parts":[{"text":"y"}]}}})")
          .as_object(),
      "m");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->messages.size(), 2U);
  EXPECT_EQ(whole->model, "m");
}

}  // namespace
}  // namespace sluice::gateway::gemini
