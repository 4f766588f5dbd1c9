#include "agent/conversation_search.hpp"

#include <gtest/gtest.h>

namespace sluice::agent {
namespace {

bool finds(std::string_view query, std::initializer_list<std::string_view> texts) {
  word_matcher words(query);
  for (const std::string_view text : texts)
    words.look_into(text);
  return words.has_seen_all();
}

TEST(conversation_search, finds_all_words_wherever_they_stand) {
  EXPECT_TRUE(finds("cinnamon APPLES", {"Apples, 50% off", "with some Cinnamon"}));
  EXPECT_FALSE(finds("cinnamon pears", {"Apples, 50% off", "with some Cinnamon"}));
  EXPECT_TRUE(finds("50%", {"Apples, 50% off"}));
  EXPECT_FALSE(finds("5_%", {"Apples, 50% off"}));
  EXPECT_TRUE(finds("äpfel", {"ÄPFEL"}));
  EXPECT_TRUE(finds("  \t", {}));
}

TEST(conversation_search, begins_anew_with_each_conversation) {
  word_matcher words("one two");
  words.look_into("one");
  words.begin();
  words.look_into("two");
  EXPECT_FALSE(words.has_seen_all());
}

TEST(conversation_search, has_few_places) {
  search_places places;
  std::vector<search_places::place> taken;
  for (std::uint32_t i = 0; i < search_places::per_user_max; ++i)
    taken.push_back(std::move(*places.take("usr_1")));
  EXPECT_EQ(places.take("usr_1").error().reason, error_reason::rate_limited);
  while (taken.size() < search_places::total_max)
    taken.push_back(std::move(*places.take("usr_" + std::to_string(taken.size()))));
  EXPECT_EQ(places.take("usr_new").error().reason, error_reason::unavailable);
  taken.clear();
  EXPECT_TRUE(places.take("usr_1"));
}

}  // namespace
}  // namespace sluice::agent
