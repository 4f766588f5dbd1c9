#include "door/field_reader.hpp"

#include <gtest/gtest.h>

namespace sluice::door {
namespace {

TEST(parse_json, takes_json_and_says_where_it_is_not) {
  EXPECT_TRUE(parse_json(R"({"a":[1,2,{"b":null}]})", {}));
  for (const std::string_view bad :
       {"", " ", "{", "{\"a\":1}x", "{'a':1}", "[1,]", "nul", "\"\xff\"", "\"\\ud800\"", "01"}) {
    const auto parsed = parse_json(bad, {});
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().reason, error_reason::invalid_argument);
  }
}

TEST(parse_json, bounds_the_depth) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(8), {.depth = 8}));
  const auto deep = parse_json(nested(9), {.depth = 8});
  ASSERT_FALSE(deep);
  EXPECT_NE(deep.error().message.find("deeper than 8"), std::string::npos);
  EXPECT_FALSE(parse_json(nested(100'000), {}));
}

}  // namespace
}  // namespace sluice::door
