#include "gateway/faces/anthropic_request.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace sluice::gateway::anthropic {
namespace {

namespace json = boost::json;
using generation::role;

result<generation::request> parse(std::string_view text) {
  return parse_messages_request(json::parse(text).as_object());
}
// With what every request needs.
result<generation::request> parse_with(std::string_view fields) {
  return parse(R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}],)" + std::string(fields) +
               "}");
}
generation::request must_parse_messages(std::string_view messages) {
  auto asked = parse(R"({"model":"m","max_tokens":9,"messages":)" + std::string(messages) + "}");
  if (!asked) throw std::runtime_error(asked.error().param + ": " + asked.error().message);
  return std::move(*asked);
}
template <class Part>
const Part& part_at(const generation::message& of, std::size_t at) {
  return std::get<Part>(of.parts.at(at).what);
}

TEST(anthropic_request, settings_have_neutral_names_and_the_rest_stays) {
  const auto asked =
      parse_with(R"("temperature":0.5,"top_p":0.9,"top_k":40,"stop_sequences":["a","b"],"metadata":{"user_id":"u1"},)"
                 R"("stream":true,"service_tier":"auto","thinking":{"type":"enabled","budget_tokens":2048},)"
                 R"("output_config":{"effort":"high"},"container":null)");
  ASSERT_TRUE(asked) << asked.error().message;
  EXPECT_EQ(asked->model, "m");
  EXPECT_EQ(asked->max_output_tokens, 9);
  EXPECT_EQ(asked->temperature, 0.5);
  EXPECT_EQ(asked->top_p, 0.9);
  EXPECT_EQ(asked->top_k, 40);
  EXPECT_EQ(asked->stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(asked->end_user, "u1");
  EXPECT_EQ(asked->reasoning.budget_tokens, 2048);
  EXPECT_EQ(asked->reasoning.effort, "high");
  EXPECT_EQ(asked->dialect, "anthropic");
  EXPECT_EQ(json::serialize(asked->extensions),
            R"({"service_tier":"auto","thinking":{"type":"enabled","budget_tokens":2048},)"
            R"("output_config":{"effort":"high"}})");
}

TEST(anthropic_request, the_system_prompt_is_the_first_message) {
  const auto plain = parse_with(R"("system":"be brief")");
  ASSERT_TRUE(plain);
  ASSERT_EQ(plain->messages.size(), 2U);
  EXPECT_EQ(plain->messages[0].role, role::system);
  EXPECT_EQ(part_at<generation::text_part>(plain->messages[0], 0).text, "be brief");
  const auto blocks = parse_with(
      R"("system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"text","text":"b"}])");
  ASSERT_TRUE(blocks);
  EXPECT_EQ(blocks->messages[0].parts.size(), 2U);
  EXPECT_EQ(json::serialize(blocks->messages[0].parts[0].extensions), R"({"cache_control":{"type":"ephemeral"}})");
}

TEST(anthropic_request, results_of_tools_are_messages_of_their_own) {
  const generation::request asked = must_parse_messages(
      R"([{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"f","input":{"x":1}},)"
      R"({"type":"tool_use","id":"t2","name":"g","input":{}}]},)"
      R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"one"},)"
      R"({"type":"tool_result","tool_use_id":"t2","is_error":true},{"type":"text","text":"well?"}]}])");
  ASSERT_EQ(asked.messages.size(), 4U);
  EXPECT_EQ(part_at<generation::tool_call_part>(asked.messages[0], 0).arguments, R"({"x":1})");
  EXPECT_EQ(asked.messages[1].role, role::tool);
  EXPECT_EQ(part_at<generation::tool_result_part>(asked.messages[1], 0).tool_call_id, "t1");
  const auto& failed = part_at<generation::tool_result_part>(asked.messages[2], 0);
  EXPECT_TRUE(failed.is_error);
  EXPECT_TRUE(failed.content.empty());
  EXPECT_EQ(asked.messages[3].role, role::user);
  EXPECT_EQ(part_at<generation::text_part>(asked.messages[3], 0).text, "well?");
}

TEST(anthropic_request, blocks_become_parts) {
  const generation::request asked = must_parse_messages(
      R"([{"role":"user","content":[)"
      R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}},)"
      R"({"type":"image","source":{"type":"url","url":"https://x/y.png"}},)"
      R"({"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"BB=="},"title":"t.pdf"},)"
      R"({"type":"document","source":{"type":"text","media_type":"text/plain","data":"words"}},)"
      R"({"type":"search_result","source":"s"}]},)"
      R"({"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig"},)"
      R"({"type":"redacted_thinking","data":"opaque"},)"
      R"({"type":"text","text":"so","citations":[{"type":"char_location"}]}]}])");
  const generation::message& user = asked.messages.at(0);
  EXPECT_EQ(part_at<generation::image_part>(user, 0).data, "AA==");
  EXPECT_EQ(part_at<generation::image_part>(user, 1).url, "https://x/y.png");
  EXPECT_EQ(part_at<generation::file_part>(user, 2).filename, "t.pdf");
  EXPECT_EQ(part_at<generation::vendor_part>(user, 3).dialect, "anthropic");
  EXPECT_EQ(part_at<generation::vendor_part>(user, 4).value.at("type"), "search_result");
  const generation::message& assistant = asked.messages.at(1);
  EXPECT_EQ(part_at<generation::reasoning_part>(assistant, 0).signature, "sig");
  EXPECT_EQ(part_at<generation::reasoning_part>(assistant, 1).redacted, "opaque");
  EXPECT_EQ(assistant.parts.at(2).citations.size(), 1U);
}

TEST(anthropic_request, tools_and_their_choice) {
  const auto asked =
      parse_with(R"("tools":[{"name":"f","description":"d","input_schema":{"type":"object"},)"
                 R"("cache_control":{"type":"ephemeral"}},)"
                 R"({"type":"web_search_20250305","name":"web_search"}],"tool_choice":{"type":"tool","name":"f",)"
                 R"("disable_parallel_tool_use":true})");
  ASSERT_TRUE(asked) << asked.error().message;
  EXPECT_EQ(asked->tools.at(0).name, "f");
  EXPECT_EQ(json::serialize(asked->tools[0].parameters), R"({"type":"object"})");
  EXPECT_EQ(json::serialize(asked->tools[0].extensions), R"({"cache_control":{"type":"ephemeral"}})");
  EXPECT_EQ(asked->tools.at(1).dialect, "anthropic");
  EXPECT_EQ(asked->tool_choice->mode, generation::tool_choice_mode::named);
  EXPECT_EQ(asked->tool_choice->name, "f");
  EXPECT_EQ(asked->parallel_tool_calls, false);
}

TEST(anthropic_request, says_what_is_wrong_and_where) {
  const auto param = [](const result<generation::request>& asked) {
    return asked ? std::string("none") : asked.error().param;
  };
  EXPECT_EQ(param(parse(R"({"max_tokens":1,"messages":[{"role":"user","content":"x"}]})")), "model");
  EXPECT_EQ(param(parse(R"({"model":"m","messages":[{"role":"user","content":"x"}]})")), "max_tokens");
  EXPECT_EQ(param(parse(R"({"model":"m","max_tokens":1})")), "messages");
  EXPECT_EQ(param(parse(R"({"model":"m","max_tokens":0,"messages":[{"role":"user","content":"x"}]})")), "max_tokens");
  const auto param_of = [&](std::string_view message) {
    return param(parse(R"({"model":"m","max_tokens":1,"messages":[)" + std::string(message) + "]}"));
  };
  EXPECT_EQ(param_of("1"), "messages.0");
  EXPECT_EQ(param_of(R"({"role":"user"})"), "messages.0.content");
  EXPECT_EQ(param_of(R"({"role":"user","content":""})"), "messages.0.content");
  EXPECT_EQ(param_of(R"({"role":"tool","content":"x"})"), "messages.0.role");
  EXPECT_EQ(param_of(R"({"role":"user","content":[{}]})"), "messages.0.content.0.type");
  EXPECT_EQ(param_of(R"({"role":"user","content":[{"type":"image"}]})"), "messages.0.content.0.source");
  EXPECT_EQ(param_of(R"({"role":"user","content":[{"type":"image","source":{"type":"base64"}}]})"),
            "messages.0.content.0.source");
  EXPECT_EQ(param_of(R"({"role":"user","content":[{"type":"document","source":{"type":"x"}}]})"),
            "messages.0.content.0.source.type");
  EXPECT_EQ(param_of(R"({"role":"assistant","content":[{"type":"tool_use","id":"a","input":{}}]})"),
            "messages.0.content.0.name");
  EXPECT_EQ(param(parse_with(R"("thinking":{"type":"enabled","budget_tokens":0})")), "thinking.budget_tokens");
  EXPECT_EQ(param(parse_with(R"("output_config":{"format":{"type":"xml"}})")), "output_config.format");
  EXPECT_EQ(param(parse_with(R"("stop_sequences":[1])")), "stop_sequences");
}

}  // namespace
}  // namespace sluice::gateway::anthropic
