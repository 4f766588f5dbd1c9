#include "agent/route_table.hpp"

#include <map>

#include <gtest/gtest.h>

#include "agent/providers/mock.hpp"

namespace sluice::agent {
namespace {

std::shared_ptr<provider> make_mock(std::string name) {
  return std::make_shared<mock>(mock_settings{.name = std::move(name)});
}

route_table make_table() {
  return {
      settings{.models = {{.name = "fast",
                           .targets = {{.provider = "a", .model = "a-1", .weight = 9}, {.provider = "b", .weight = 1}}},
                          {.name = "mock", .targets = {{.provider = "b"}}}},
               .default_model = "mock"},
      {make_mock("a"), make_mock("b")}};
}

TEST(route_table, draws_targets_by_weight) {
  const route_table table = make_table();
  std::map<std::string, int> drawn;
  for (std::uint64_t dice = 0; dice < 100; ++dice) {
    const auto chosen = table.choose("fast", dice);
    ASSERT_TRUE(chosen);
    ++drawn[std::string(chosen->to->name()) + " " + chosen->provider_model];
  }
  EXPECT_EQ(drawn, (std::map<std::string, int>{{"a a-1", 90}, {"b fast", 10}}));
}

TEST(route_table, takes_the_default_and_direct_names) {
  const route_table table = make_table();
  EXPECT_EQ(table.choose("", 0)->model, "mock");
  EXPECT_EQ(table.choose("a/some/model", 0)->provider_model, "some/model");
  EXPECT_EQ(table.choose("a/some/model", 0)->model_label, "a/*");
  EXPECT_EQ(table.choose("", 0)->model_label, "mock");
  EXPECT_EQ(table.models().front().name, "mock");
}

TEST(route_table, lists_a_default_that_is_a_providers_own) {
  const route_table table({.models = {{.name = "m", .targets = {{.provider = "a"}}}}, .default_model = "a/b/c"},
                          {make_mock("a")});
  const std::vector<model_card> cards = table.models();
  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[0].name, "a/b/c");
  EXPECT_EQ(cards[0].provider, "a");
  EXPECT_EQ(cards[1].name, "m");
}

TEST(route_table, says_what_is_unknown) {
  const route_table table = make_table();
  for (const char* name : {"none", "c/model", "a/", "/", "/x"}) {
    const auto chosen = table.choose(name, 0);
    ASSERT_FALSE(chosen) << name;
    EXPECT_EQ(chosen.error().reason, error_reason::not_found);
    EXPECT_EQ(chosen.error().param, "model");
  }
}

TEST(route_table, says_that_there_is_no_default) {
  const route_table table({.models = {{.name = "m", .targets = {{.provider = "a"}}}}}, {make_mock("a")});
  const auto chosen = table.choose("", 0);
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().reason, error_reason::invalid_argument);
  EXPECT_EQ(chosen.error().message, "name a \"model\": this server has no default_model");
}

TEST(route_table, takes_no_name_that_could_be_anything) {
  const route_table table = make_table();
  EXPECT_TRUE(table.choose("a/" + std::string(126, 'x'), 0));
  for (const std::string& name : {"a/" + std::string(127, 'x'), std::string("a/b\r\nX: y"), std::string("a/\0", 3)}) {
    const auto chosen = table.choose(name, 0);
    ASSERT_FALSE(chosen);
    EXPECT_EQ(chosen.error().reason, error_reason::invalid_argument);
    EXPECT_EQ(chosen.error().param, "model");
  }
}

TEST(route_table, refuses_targets_without_provider) {
  EXPECT_THROW(route_table(settings{.models = {{.name = "m", .targets = {{.provider = "gone"}}}}}, {make_mock("a")}),
               std::invalid_argument);
}

}  // namespace
}  // namespace sluice::agent
