#include "generation/answer.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace sluice::generation {
namespace {

TEST(answer, applies_every_kind_and_rewinds) {
  async::worker_pool workers(1);
  const auto source = std::make_shared<log>(workers, "gen_1", 1 << 20);
  source->append(delta_kind::reasoning, "hm漢字");
  source->append(delta_kind::text, "aé漢");
  source->append(delta_kind::text, "wrong");
  std::string fragment;
  encode_tool_call(
      fragment, {.index = 0, .id = "call_1", .name = "f", .arguments = "{\"a\"", .extensions = R"({"x":{"a":[1]}})"});
  source->append(delta_kind::tool_call, fragment);
  source->append(delta_kind::rewind,
                 encode_rewind({.keep_text = 3, .keep_reasoning = 3, .keep_tool_calls = {1}, .reason = "retry"}));
  source->append(delta_kind::text, "🙂");
  fragment.clear();
  encode_tool_call(fragment, {.index = 0, .id = {}, .name = {}, .arguments = "}", .extensions = R"({"x":{"a":[2]}})"});
  source->append(delta_kind::tool_call, fragment);
  source->append(delta_kind::text, "second", 1);
  source->append(delta_kind::refusal, "no");
  source->end({});
  const std::vector<answer> choices = collect(*source);
  ASSERT_EQ(choices.size(), 2U);
  EXPECT_EQ(choices[0].text, "aé漢🙂");
  EXPECT_EQ(choices[0].reasoning, "hm漢");
  EXPECT_EQ(choices[0].refusal, "no");
  ASSERT_EQ(choices[0].tool_calls.size(), 1U);
  EXPECT_EQ(choices[0].tool_calls[0].id, "call_1");
  EXPECT_EQ(choices[0].tool_calls[0].arguments, "{}");
  EXPECT_EQ(choices[0].tool_calls[0].extensions, boost::json::parse(R"({"x":{"a":[1,2]}})").as_object());
  EXPECT_EQ(choices[1].text, "second");
}

}  // namespace
}  // namespace sluice::generation
