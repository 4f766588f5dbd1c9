#include "generation/request_json.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace sluice::generation {
namespace {

namespace json = boost::json;

request read_back(const request& written) {
  auto read = parse_request(json::serialize(to_json(written)));
  EXPECT_TRUE(read) << (read ? "" : read.error().detail);
  return read ? std::move(*read) : request{};
}

request everything() {
  request all;
  all.model = "fast";
  all.streamed = false;
  all.messages = {{.role = role::developer, .name = "ann", .parts = {{text_part{"be brief"}}}},
                  {.role = role::user,
                   .parts = {{.what = text_part{"\u0000 \xF0\x9F\x8C\x8A"}, .extensions = {{"cache_control", 1}}},
                             {image_part{.url = "https://example.org/a.png", .detail = "low"}}},
                   .extensions = {{"x", nullptr}}},
                  {.role = role::tool, .parts = {{tool_result_part{.tool_call_id = "c1", .is_error = true}}}},
                  {.role = role::assistant,
                   .parts = {{.what = tool_call_part{.id = "c1"}, .extensions = {{"extra_content", {{"a", 1}}}}}},
                   .provider = "gemini"}};
  all.temperature = 0.1;
  all.top_p = 1.0;
  all.top_k = -1;
  all.frequency_penalty = -2;
  all.presence_penalty = 1e-300;
  all.max_output_tokens = 0;
  all.stop = {"", "\n\n"};
  all.seed = std::numeric_limits<std::int64_t>::min();
  all.choices = 3;
  all.logprobs = false;
  all.top_logprobs = 20;
  all.reasoning = {.effort = "high", .budget_tokens = 1024, .summary = "auto"};
  all.tools = {{.name = "look",
                .description = "d",
                .parameters = {{"type", "object"}},
                .strict = false,
                .extensions = {{"cache_control", 1}}},
               {.name = "", .vendor = {{"type", "web_search"}}, .dialect = "openai"}};
  all.tool_choice = tool_choice{.mode = tool_choice_mode::named, .name = "look"};
  all.parallel_tool_calls = true;
  all.response_format = response_format{
      .kind = response_format_kind::json_schema, .name = "n", .schema = {{"a", 1}}, .extensions = {{"x", 1}}};
  all.metadata = {{"k", "v"}};
  all.end_user = "u";
  all.dialect = "openai";
  all.extensions = {{"store", true}, {"big", 18446744073709551615ULL}};
  return all;
}

TEST(request_json, loses_nothing) {
  const request all = everything();
  const request read = read_back(all);
  EXPECT_EQ(to_json(read), to_json(all));
  EXPECT_EQ(read.temperature, all.temperature);
  EXPECT_EQ(read.presence_penalty, all.presence_penalty);
  EXPECT_EQ(read.seed, all.seed);
  EXPECT_EQ(read.stop, all.stop);
  EXPECT_EQ(read.tool_choice->mode, tool_choice_mode::named);
  EXPECT_EQ(read.response_format->kind, response_format_kind::json_schema);
  EXPECT_EQ(read.tools[0].strict, false);
  EXPECT_EQ(read.logprobs, false);
  EXPECT_EQ(std::get<text_part>(read.messages[1].parts[0].what).text,
            std::get<text_part>(all.messages[1].parts[0].what).text);
}

TEST(request_json, what_is_not_set_stays_so) {
  const request read = read_back({});
  EXPECT_TRUE(read.streamed);
  EXPECT_FALSE(read.temperature || read.max_output_tokens || read.logprobs || read.tool_choice || read.response_format);
  EXPECT_TRUE(read.messages.empty() && read.tools.empty() && read.stop.empty());
}

TEST(request_json, damage_is_an_error) {
  for (const char* text : {"", "[]", "{}", R"({"messages":1})", R"({"messages":[{"role":"wizard","parts":[]}]})",
                           R"({"messages":[{"role":"user"}]})", R"({"messages":[{"role":"user","parts":[{}]}]})"})
    EXPECT_EQ(parse_request(text).error().reason, error_reason::internal) << text;
}

}  // namespace
}  // namespace sluice::generation
