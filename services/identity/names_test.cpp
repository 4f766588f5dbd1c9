#include "identity/names.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace sluice::identity {
namespace {

std::string refusal(std::string_view typed) {
  const auto checked = check_username(typed);
  if (checked) return "accepted";
  EXPECT_EQ(checked.error().reason, error_reason::invalid_argument);
  EXPECT_EQ(checked.error().param, "username");
  return checked.error().message;
}

// Whether two people of these names would be taken for one.
bool look_alike(std::string_view one, std::string_view other) {
  const auto a = check_username(one);
  const auto b = check_username(other);
  if (!a || !b) return true;
  return std::ranges::any_of(a->skeletons, [&](const std::string& skeleton) {
    return std::ranges::find(b->skeletons, skeleton) != b->skeletons.end();
  });
}

TEST(usernames, of_people_everywhere_are_accepted) {
  for (const char* name : {"a",         "Z",    "7",     "alice",  "Bob.Smith",  "x_1-2",      "me@example.org",
                           "a+b",       "Jörg", "naïve", "Łukasz", "Ömer",       "Αλέξανδρος", "Дмитрий",
                           "Владимир2", "张伟", "李娜1", "たなか", "タナカ",     "山田たろう", "김철수",
                           "محمد",      "דוד",  "राम",   "สมชาย",  "Tanaka山田", "Nguyễn"}) {
    EXPECT_EQ(refusal(name), "accepted") << name;
  }
}

TEST(usernames, are_shown_as_typed_and_found_however_typed) {
  EXPECT_EQ(check_username("Alice")->shown, "Alice");
  EXPECT_EQ(check_username("ALICE")->key, "alice");
  EXPECT_EQ(username_key("AlIcE"), "alice");
  EXPECT_EQ(*username_key("STRASSE"), *username_key("straße"));
  EXPECT_EQ(check_username("Jo\u0308rg")->shown, "J\u00f6rg");  // typed as two characters
  EXPECT_EQ(username_key("JO\u0308RG"), "j\u00f6rg");
  EXPECT_EQ(username_key("\uff41lice"), "alice");  // full-width a
}

TEST(usernames, have_a_length) {
  EXPECT_NE(refusal("").find("is empty"), std::string::npos);
  EXPECT_EQ(refusal(std::string(64, 'a')), "accepted");
  EXPECT_NE(refusal(std::string(65, 'a')).find("too long"), std::string::npos);
  EXPECT_NE(refusal(std::string(10'000, 'a')).find("too long"), std::string::npos);
  std::string wide;
  for (int i = 0; i < 64; ++i)
    wide += "张";
  EXPECT_EQ(refusal(wide), "accepted");
  EXPECT_NE(refusal(wide + "伟").find("too long"), std::string::npos);
  std::string marks = "a";
  for (int i = 0; i < 5'000; ++i)
    marks += "\u0301";
  EXPECT_NE(refusal(marks).find("too long"), std::string::npos);
}

TEST(usernames, have_no_characters_that_cannot_be_seen) {
  for (const std::string& name :
       {std::string(" alice"),      std::string("alice "),      std::string("al ice"),      std::string("alice\u00a0"),
        std::string("al\u2003ice"), std::string("alice\u3000"), std::string("al\tice"),     std::string("alice\n"),
        std::string("al\0ice", 6),  std::string("alice\x7f"),   std::string("al\u0085ice"), std::string("al\u200bice"),
        std::string("al\u200dice"), std::string("al\u00adice"), std::string("al\ufeffice"), std::string("al\u2060ice"),
        std::string("\u202ealice"), std::string("al\u200eice"), std::string("al\u2066ice"), std::string("al\u3164ice"),
        std::string("al\u180eice"), std::string("al\ufe0fice"), std::string("al\u2028ice")}) {
    EXPECT_NE(refusal(name), "accepted") << testing::PrintToString(name);
  }
}

TEST(usernames, have_only_what_names_are_made_of) {
  for (const char* name :
       {".alice",   "-alice",  "_",      "@",       "\u0301a",  "al/ice",      "al\\ice",    "a<b>",
        "a&b",      "a'b",     "a\"b",   "a:b",     "a;b",      "a%b",         "a*b",        "a?b",
        "a#b",      "a=b",     "a,b",    "a!b",     "(a)",      "a|b",         "$a",         "a~b",
        "a`b",      "a^b",     "😀",     "alice😀", "a\u2014b", "\u24d0lice",  "\uff41lice", "\U0001d41alice",
        "\ufb01ne", "x\u00b2", "\u2167", "\u00aa",  "\ue000a",  "a\U000e0061", "\U00012000a"}) {
    EXPECT_NE(refusal(name), "accepted") << name;
  }
}

TEST(usernames, are_utf8) {
  for (const char* name : {"al\xffice", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "alice\xc3"}) {
    EXPECT_NE(refusal(name).find("UTF-8"), std::string::npos);
  }
}

TEST(usernames, do_not_mix_scripts_that_look_alike) {
  for (const char* name :
       {"\u0430dmin", "p\u0430ypal", "\u0391dmin", "bob\u03bf", "g\u043e\u043egle", "a\u0665", "1\u0661"}) {
    EXPECT_NE(refusal(name), "accepted") << name;
  }
}

TEST(usernames, that_look_alike_are_one) {
  EXPECT_TRUE(look_alike("alice", "ALICE"));
  EXPECT_TRUE(look_alike("paypal", "paypa1"));
  EXPECT_TRUE(look_alike("bob0", "bobo"));
  EXPECT_TRUE(look_alike("modern", "modem"));
  EXPECT_TRUE(look_alike("bobI", "bobl"));                      // only as typed
  EXPECT_TRUE(look_alike("\u0441\u043e\u0440\u0430", "copa"));  // Cyrillic throughout
  EXPECT_TRUE(look_alike("J\u00f6rg", "jo\u0308rg"));
  EXPECT_FALSE(look_alike("alice", "alicia"));
  EXPECT_FALSE(look_alike("user1", "user2"));
  EXPECT_FALSE(look_alike("张伟", "张违"));
}

TEST(usernames, that_look_alike_where_one_has_capitals_are_for_one) {
  for (const auto& [one, other] :
       {std::pair("admin", "ADMlN"), {"sluice", "SIuice"}, {"neil", "NeiI"}, {"Paypal7002", "paypaI7002"}})
    EXPECT_TRUE(look_alike(one, other)) << one;
}

TEST(usernames, that_look_alike_in_capitals_only_are_for_one) {
  EXPECT_TRUE(look_alike("aho", "\u03b1\u03b7\u03bf"));  // Greek alpha, eta, omicron: AHO in capitals
  for (const auto& [one, other] : {std::pair("ali", "all"), {"kim", "klm"}, {"will", "wlll"}})
    EXPECT_FALSE(look_alike(one, other)) << one;
}

TEST(usernames, have_no_mark_that_hides_in_a_letter) {
  EXPECT_NE(refusal("i\u0307vy"), "accepted");  // a dot above what has one
}

TEST(lines, that_can_be_seen_are_presentable) {
  for (const char* fine : {"laptop", "a b", "张伟", "👩‍💻", "é"})
    EXPECT_TRUE(is_presentable(fine)) << fine;
  for (const char* bad : {"", " ", "\u00a0\u2003", "\u202e", "a\u202eb", "\u200b\u200d", "a\nb", "\u0085", "\u2066x"})
    EXPECT_FALSE(is_presentable(bad)) << bad;
}

}  // namespace
}  // namespace sluice::identity
