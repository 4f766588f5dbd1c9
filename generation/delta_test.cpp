#include "generation/delta.hpp"

#include <gtest/gtest.h>

namespace sluice::generation {
namespace {

TEST(delta, a_tool_call_fragment_reads_back) {
  std::string bytes;
  encode_tool_call(bytes, {.index = 3, .id = "call_1", .name = "weather", .arguments = "{\"city\":\"Z"});
  const tool_call_fragment read = decode_tool_call(bytes);
  EXPECT_EQ(read.index, 3U);
  EXPECT_EQ(read.id, "call_1");
  EXPECT_EQ(read.name, "weather");
  EXPECT_EQ(read.arguments, "{\"city\":\"Z");
  EXPECT_TRUE(read.extensions.empty() && !read.is_custom);
  bytes.clear();
  encode_tool_call(bytes, {.id = "i", .name = "n", .arguments = "a", .is_custom = true, .extensions = "{\"x\":1}"});
  const tool_call_fragment full = decode_tool_call(bytes);
  EXPECT_EQ(full.id, "i");
  EXPECT_EQ(full.name, "n");
  EXPECT_EQ(full.arguments, "a");
  EXPECT_EQ(full.extensions, "{\"x\":1}");
  EXPECT_TRUE(full.is_custom);
}

TEST(delta, a_rewind_reads_back) {
  const rewind read = decode_rewind(
      encode_rewind({.keep_text = 7, .keep_reasoning = 2, .keep_tool_calls = {4, 0}, .reason = "agent \"lost\""}));
  EXPECT_EQ(read.keep_text, 7U);
  EXPECT_EQ(read.keep_reasoning, 2U);
  EXPECT_EQ(read.keep_tool_calls, (std::vector<std::uint64_t>{4, 0}));
  EXPECT_EQ(read.reason, "agent \"lost\"");
}

TEST(delta, usage_reads_back) {
  const usage told{.input_tokens = 1,
                   .cached_tokens = 2,
                   .cache_write_tokens = 3,
                   .input_audio_tokens = 4,
                   .output_tokens = 5,
                   .reasoning_tokens = 6,
                   .output_audio_tokens = 7,
                   .accepted_prediction_tokens = 8,
                   .rejected_prediction_tokens = 9,
                   .source = usage_source::provider};
  EXPECT_EQ(decode_usage(encode_usage(told)), told);
}

}  // namespace
}  // namespace sluice::generation
