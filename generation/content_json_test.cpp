#include "generation/content_json.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace sluice::generation {
namespace {

namespace json = boost::json;

message everything() {
  message said{.role = role::assistant, .name = "ada", .extensions = {{"vendor_field", {1, 2.5, nullptr, true}}}};
  said.parts = {
      {text_part{"Grüße \"漢\" 🙂\n\x01"}, {{{"url", "https://example.org"}}}, {{"cache_control", {{"type", "x"}}}}},
      {image_part{.url = "https://example.org/a.png", .media_type = "image/png", .data = "QUJD", .detail = "low"}},
      {audio_part{.data = "UklGRg==", .format = "wav"}},
      {file_part{.file_id = "f", .filename = "n.pdf", .url = "u", .media_type = "application/pdf", .data = "JVBE"}},
      {reasoning_part{.id = "rs_1", .text = "hm", .signature = "c2ln", .redacted = "xxx", .is_summary = true}},
      {refusal_part{"no"}},
      {tool_call_part{.id = "c1", .name = "f", .arguments = R"({"a":)", .signature = "s", .is_custom = true}},
      {tool_result_part{
          .tool_call_id = "c1", .name = "f", .content = {{text_part{""}}, {image_part{.url = "u"}}}, .is_error = true}},
      {vendor_part{.dialect = "openai", .value = {{"type", "odd"}, {"n", 18446744073709551615U}}}},
  };
  return said;
}

TEST(content_json, loses_nothing_of_a_message) {
  const std::string text = json::serialize(to_json(everything()));
  const auto read = parse_message(text, role::assistant);
  ASSERT_TRUE(read);
  EXPECT_EQ(json::serialize(to_json(*read)), text);
  EXPECT_EQ(read->name, "ada");
  ASSERT_EQ(read->parts.size(), 9U);
  for (std::size_t i = 0; i < read->parts.size(); ++i)
    EXPECT_EQ(read->parts[i].what.index(), i);  // each kind that there is, once
  EXPECT_EQ(std::get<text_part>(read->parts[0].what).text, "Grüße \"漢\" 🙂\n\x01");
  EXPECT_EQ(read->parts[0].citations, everything().parts[0].citations);
  EXPECT_EQ(read->parts[0].extensions, everything().parts[0].extensions);
  EXPECT_EQ(std::get<vendor_part>(read->parts[8].what).value, std::get<vendor_part>(everything().parts[8].what).value);
}

TEST(content_json, reads_what_is_nested_deeply) {
  json::value deep = 7;
  for (int i = 0; i < 128; ++i)
    deep = json::array{deep};
  const message said{.parts = {{vendor_part{.dialect = "openai", .value = deep}}}};
  const auto read = parse_message(json::serialize(to_json(said)), role::user);
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<vendor_part>(read->parts[0].what).value, deep);
}

TEST(content_json, says_what_is_damaged) {
  for (const char* bad : {"", "[]", "{", "{}", R"({"parts":7})", R"({"parts":[7]})", R"({"parts":[{"type":"x"}]})",
                          R"({"parts":[{"type":"tool_result"}]})", R"({"parts":[{"type":"vendor"}]})"}) {
    const auto read = parse_message(bad, role::user);
    ASSERT_FALSE(read) << bad;
    EXPECT_EQ(read.error().reason, error_reason::internal);
  }
}

TEST(content_json, loses_nothing_of_a_terminal_record) {
  finish how{
      .status = status::failed,
      .choices = {{.choice = 1, .reason = finish_reason::length, .provider_reason = "max", .stop_sequence = "X"}},
      .usage = {1, 2, 3, 4, 5, 6, 7, 8, 9, usage_source::counted},
      .problem = error{.reason = error_reason::bad_gateway, .message = "m", .param = "p", .detail = "d"},
      .provider = "openai",
      .provider_model = "gpt",
      .response_id = "r",
      .extensions = R"({"a":1})",
      .attempts = 2,
      .earlier = {{.provider = "other",
                   .provider_model = "x",
                   .reason = error_reason::timed_out,
                   .total = std::chrono::milliseconds(7)}},
      .cost_nano_usd = 12,
      .queue = std::chrono::milliseconds(3),
      .time_to_first_token = std::chrono::milliseconds(4),
      .total = std::chrono::milliseconds(5)};
  how.problem->retry_after = std::chrono::milliseconds(1500);
  const std::string text = json::serialize(to_json(how));
  const auto read = parse_finish(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(json::serialize(to_json(*read)), text);
  EXPECT_EQ(read->usage, how.usage);
  EXPECT_EQ(read->problem->retry_after, how.problem->retry_after);
  EXPECT_EQ(read->problem->detail, "d");
  EXPECT_EQ(read->choices[0].reason, finish_reason::length);
}

}  // namespace
}  // namespace sluice::generation
