#include "app/terminal_text.hpp"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

TEST(terminal_text, keeps_what_people_read) {
  EXPECT_EQ(for_terminal("Grüße,\n\t世界 👋🏽 «é»\u00A0!"), "Grüße,\n\t世界 👋🏽 «é»\u00A0!");
  EXPECT_EQ(for_terminal(""), "");
}

TEST(terminal_text, takes_what_terminals_obey) {
  EXPECT_EQ(for_terminal("a\x1b]0;title\x07z"), "a\uFFFD]0;title\uFFFDz");
  EXPECT_EQ(for_terminal("good\rbad\b\x7f"), "good\uFFFDbad\uFFFD\uFFFD");
  EXPECT_EQ(for_terminal("\u009b31m\u0085"), "\uFFFD31m\uFFFD");
  EXPECT_EQ(for_terminal("\u202Etxt.exe\u2069"), "\uFFFDtxt.exe\uFFFD");
  EXPECT_EQ(for_terminal(std::string_view("\0a", 2)), "\uFFFDa");
}

TEST(terminal_text, makes_one_line) {
  EXPECT_EQ(for_terminal_line("a\nb\tc\x1b"), "a b c\uFFFD");
}

}  // namespace
}  // namespace sluice::app
