#include "generation/embedding.hpp"

#include <limits>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace sluice::generation {
namespace {

TEST(embedding, a_request_travels_whole) {
  embedding_request asked{.model = "m",
                          .inputs = {{.text = "Grüße"}, {.text = ""}, {.tokens = {1, 50'000}}},
                          .dimensions = 256,
                          .end_user = "u",
                          .dialect = "openai",
                          .extensions = {{"input_type", "query"}}};
  const std::string text = boost::json::serialize(to_json(asked));
  const auto read = parse_embedding_request(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(boost::json::serialize(to_json(*read)), text);
  EXPECT_EQ(read->inputs[2].tokens, asked.inputs[2].tokens);
  EXPECT_FALSE(parse_embedding_request("[]"));
  EXPECT_FALSE(parse_embedding_request(R"({"inputs":[{}]})"));
}

TEST(embedding, vectors_as_bytes) {
  const std::vector<float> vector{0.5F, -1.0F, 3e-30F};
  EXPECT_EQ(vector_of(to_bytes(vector)), vector);
  EXPECT_EQ(vector_of("abc"), std::nullopt);
  EXPECT_EQ(vector_of(to_bytes({std::numeric_limits<float>::infinity()})), std::nullopt);
  EXPECT_EQ(vector_of(to_bytes({std::numeric_limits<float>::quiet_NaN()})), std::nullopt);
}

}  // namespace
}  // namespace sluice::generation
