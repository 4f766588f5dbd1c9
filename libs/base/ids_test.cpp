#include "base/ids.hpp"

#include <set>

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(ids, have_their_prefix_and_are_unique) {
  std::set<std::string> seen;
  for (int i = 0; i < 10000; ++i) {
    const std::string id = make_id("gen");
    EXPECT_TRUE(is_id("gen", id)) << id;
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(ids, sort_by_time) {
  using namespace std::chrono_literals;
  const auto now = std::chrono::system_clock::now();
  EXPECT_LT(make_id("msg", now), make_id("msg", now + 1ms));
}

TEST(ids, refuse_what_is_not_one) {
  EXPECT_FALSE(is_id("gen", ""));
  EXPECT_FALSE(is_id("gen", "gen_"));
  EXPECT_FALSE(is_id("gen", make_id("msg")));
  EXPECT_FALSE(is_id("gen", make_id("gen") + "0"));
  EXPECT_FALSE(is_id("gen", "gen_01ARZ3NDEKTSV4RRFFQ69G5FAU"));  // U is not in Crockford's alphabet
}

}  // namespace
}  // namespace sluice
