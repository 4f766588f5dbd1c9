#include "agent/providers/embeddings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.hpp"

namespace sluice::agent {
namespace {

using generation::embedding_request;
using ::testing::HasSubstr;

TEST(embeddings, in_openais_words) {
  const embedding_request asked{.model = "m",
                                .inputs = {{.text = "a"}, {.tokens = {1, 2}}},
                                .dimensions = 2,
                                .end_user = "u",
                                .dialect = "openai",
                                .extensions = {{"encoding_format", "base64"}}};
  EXPECT_EQ(make_openai_embedding_body(asked, "theirs"),
            R"({"model":"theirs","input":["a",[1,2]],"dimensions":2,"user":"u","encoding_format":"base64"})");
  const std::string packed = encode_base64(generation::to_bytes({3.0F, 4.0F}));
  const auto read = read_openai_embeddings(R"({"data":[{"index":1,"embedding":")" + packed +
                                               R"("},{"index":0,"embedding":[1,-2.5]}],"usage":{"prompt_tokens":3}})",
                                           "test", 2);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->vectors, (std::vector<std::vector<float>>{{1.0F, -2.5F}, {3.0F, 4.0F}}));
  EXPECT_EQ(read->usage.input_tokens, 3);
  EXPECT_EQ(read->usage.source, generation::usage_source::provider);
}

TEST(embeddings, nonsense_is_the_providers_fault) {
  for (const std::string_view text :
       {"", "[]", "{}", R"({"data":[]})", R"({"data":[{}]})", R"({"data":[{"embedding":[]}]})",
        R"({"data":[{"embedding":["x"]}]})", R"({"data":[{"embedding":[1e999]}]})", R"({"data":[{"embedding":"!"}]})",
        R"({"data":[{"embedding":"AAA="}]})", R"({"data":[{"index":1,"embedding":[1]}]})",
        R"({"data":[{"embedding":[1]},{"embedding":[1]}]})"}) {
    const auto read = read_openai_embeddings(text, "test", 1);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().reason, error_reason::bad_gateway) << text;
    EXPECT_THAT(read.error().message, HasSubstr("provider test"));
    EXPECT_FALSE(read_gemini_embeddings(text, "test", {.model = "m", .inputs = {{.text = "a"}}, .dimensions = {}}));
  }
}

TEST(embeddings, in_geminis_words) {
  const embedding_request asked{.model = "m", .inputs = {{.text = "a"}, {.text = "b"}}, .dimensions = 2};
  EXPECT_EQ(make_gemini_embedding_body(asked, "models/e"),
            R"({"requests":[{"model":"models/e","content":{"parts":[{"text":"a"}]},"outputDimensionality":2},)"
            R"({"model":"models/e","content":{"parts":[{"text":"b"}]},"outputDimensionality":2}]})");
  const auto read = read_gemini_embeddings(R"({"embeddings":[{"values":[1,2]},{"values":[3,4]}]})", "test", asked);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->vectors, (std::vector<std::vector<float>>{{1.0F, 2.0F}, {3.0F, 4.0F}}));
  EXPECT_EQ(
      make_gemini_embedding_body({.model = "m", .inputs = {{.tokens = {1}}}, .dimensions = {}}, "x").error().param,
      "input[0]");
}

}  // namespace
}  // namespace sluice::agent
