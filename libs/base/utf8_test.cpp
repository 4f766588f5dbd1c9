#include "base/utf8.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sluice {
namespace {

const std::string mixed = "aé漢🙂 ascii that is longer than eight bytes ñ";

TEST(utf8, takes_valid_text_cut_anywhere) {
  for (std::size_t cut = 0; cut <= mixed.size(); ++cut) {
    utf8_validator validator;
    EXPECT_TRUE(validator.feed(mixed.substr(0, cut)));
    EXPECT_TRUE(validator.feed(mixed.substr(cut)));
    EXPECT_TRUE(validator.complete());
  }
}

TEST(utf8, refuses_what_rfc_3629_forbids) {
  for (const std::string bad : {"\x80", "\xC0\xAF", "\xC1\x81", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\xAF",
                                "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xE2\x28\xA1", "12345678\xFE"}) {
    EXPECT_FALSE(is_valid_utf8(bad));
  }
  EXPECT_FALSE(is_valid_utf8("\xE2\x82"));  // cut off
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8(std::string("\0", 1)));
}

TEST(utf8, fails_at_the_first_impossible_byte_and_stays_failed) {
  utf8_validator validator;
  EXPECT_FALSE(validator.feed("\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xF4\x90"));
  EXPECT_FALSE(validator.feed("a"));
  EXPECT_FALSE(validator.complete());
}

TEST(utf8, counts_code_points) {
  EXPECT_EQ(count_code_points(""), 0U);
  EXPECT_EQ(count_code_points("aé漢🙂"), 4U);
}

TEST(utf8, finds_the_last_whole_character) {
  const std::string text = "a漢🙂";
  EXPECT_EQ(whole_characters(text), text.size());
  EXPECT_EQ(whole_characters(text.substr(0, 7)), 4U);
  EXPECT_EQ(whole_characters(text.substr(0, 3)), 1U);
  EXPECT_EQ(whole_characters(""), 0U);
}

TEST(utf8, knows_what_reorders_a_line) {
  for (const char* one : {"\u202A", "\u202E!", "\u2066", "\u2069"})
    EXPECT_TRUE(begins_with_direction_control(one)) << one;
  for (const char* one : {"", "\xE2\x80", "\u2029", "\u202F", "\u2065", "\u206A", "\u200E", "a\u202E"})
    EXPECT_FALSE(begins_with_direction_control(one)) << one;
}

TEST(utf8, clips_between_characters) {
  EXPECT_EQ(clip("a漢🙂", 8), "a漢🙂");
  EXPECT_EQ(clip("a漢🙂", 7), "a漢");
  EXPECT_EQ(clip("a漢🙂", 3), "a");
  EXPECT_EQ(clip("é", 1), "");
}

}  // namespace
}  // namespace sluice
