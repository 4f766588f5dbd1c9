#include "base/json_text.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_json_escaped(out, text);
  return out;
}

TEST(json_text, escapes_what_json_must_and_nothing_else) {
  EXPECT_EQ(escaped("plain text of some length, longer than a word"), "plain text of some length, longer than a word");
  EXPECT_EQ(escaped("a \"quoted\" back\\slash\nnew\ttab\rreturn"),
            "a \\\"quoted\\\" back\\\\slash\\nnew\\ttab\\rreturn");
  EXPECT_EQ(escaped(std::string("\0\x01\x1f\x7f", 4)), "\\u0000\\u0001\\u001f\x7f");
  EXPECT_EQ(escaped("é漢🙂\xF0\x9F\x99\x82 ÿ"), "é漢🙂\xF0\x9F\x99\x82 ÿ");
}

TEST(json_text, finds_an_escape_at_every_place) {
  for (std::size_t length = 0; length < 40; ++length) {
    for (std::size_t place = 0; place < length; ++place) {
      std::string text(length, 'x');
      text[place] = '"';
      EXPECT_EQ(escaped(text), std::string(place, 'x') + "\\\"" + std::string(length - place - 1, 'x'));
    }
  }
}

TEST(json_text, pieces_join) {
  const std::string text = "some \"text\" with é and \n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    EXPECT_EQ(escaped(text.substr(0, cut)) + escaped(text.substr(cut)), escaped(text));
}

TEST(json_text, writes_numbers) {
  std::string out;
  append_number(out, std::numeric_limits<std::uint64_t>::max());
  append_number(out, -1);
  EXPECT_EQ(out, "18446744073709551615-1");
}

}  // namespace
}  // namespace sluice
