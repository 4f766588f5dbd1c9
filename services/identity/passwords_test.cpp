#include "identity/passwords.hpp"

#include <gtest/gtest.h>

#include "identity/identity_testing.hpp"

namespace sluice::identity {
namespace {

constexpr password_cost quick{.memory_kib = 64, .passes = 1, .lanes = 1};

std::string refusal(std::string_view password, std::string_view name_key = "alice") {
  const auto checked = check_new_password(secret_string(std::string(password)), name_key);
  if (checked) return "accepted";
  EXPECT_EQ(checked.error().reason, error_reason::invalid_argument);
  EXPECT_EQ(checked.error().param, "password");
  return checked.error().message;
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i)
    all += text;
  return all;
}

TEST(new_passwords, of_any_script_are_accepted) {
  for (const char* password : {"korrekt pferd", "x9$kQ2!p", "пароль мой 7", "我的密码很长很安全", "🔑🔑🔐🔐🗝🗝🔏🔏x",
                               " spaces matter ", "e\u0301te\u0301 2031"}) {
    EXPECT_EQ(refusal(password), "accepted") << password;
  }
  EXPECT_EQ(refusal(repeated("ab", 128)), "accepted");
  EXPECT_EQ(refusal(repeated("密a", 128)), "accepted");
}

TEST(new_passwords, have_a_length) {
  EXPECT_NE(refusal("").find("too short"), std::string::npos);
  EXPECT_NE(refusal("x9$kQ2!").find("too short"), std::string::npos);
  EXPECT_NE(refusal("密码密码密码密").find("too short"), std::string::npos);  // 7 characters of 21 bytes
  EXPECT_NE(refusal(repeated("ab", 128) + "c").find("too long"), std::string::npos);
  EXPECT_NE(refusal(repeated("ab", 5'000)).find("too long"), std::string::npos);
  EXPECT_NE(refusal(repeated("\xff", 1'000'000)).find("too long"), std::string::npos);
}

TEST(new_passwords, have_no_control_characters) {
  using namespace std::string_view_literals;
  for (const std::string_view password : {"korrekt\0pferd"sv, "\0\0\0\0\0\0\0\0"sv, "korrekt\tpferd"sv,
                                          "korrekt pferd\n"sv, "korrekt\x7fpferd"sv, "korrekt\u0085pferd"sv}) {
    EXPECT_NE(refusal(password).find("control"), std::string::npos);
  }
  EXPECT_NE(refusal("korrekt\xffpferd").find("UTF-8"), std::string::npos);
}

TEST(new_passwords, are_not_the_first_that_anybody_tries) {
  for (const char* password :
       {"password", "Password1", "PASSWORD123", "12345678", "87654321", "aaaaaaaa", "abcdefgh", "qwertyuiop",
        "iloveyou", "letmein1", "changeme", "admin123", "correct horse battery staple"}) {
    EXPECT_NE(refusal(password).find("guess"), std::string::npos) << password;
  }
}

TEST(new_passwords, are_not_the_name) {
  for (const char* password : {"wonderland", "Wonderland", "wonderland1", "123wonderland!", "dnalrednow",
                               "WONDERLAND2026", "wonderlandwonderland"}) {
    EXPECT_NE(refusal(password, "wonderland").find("username"), std::string::npos) << password;
  }
  EXPECT_NE(refusal("a@b.example", "a@b.example").find("username"), std::string::npos);
  EXPECT_EQ(refusal("wonderland rabbit hole", "wonderland"), "accepted");
  EXPECT_EQ(refusal("bobs your uncle", "bob"), "accepted");
}

TEST(password_hashes, are_what_owasp_asks_for) {
  const std::string hash = hash_password(password_cost{}, secret_string(good_password));
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << hash;
  EXPECT_EQ(hash.find('\0'), std::string::npos);
  EXPECT_TRUE(verify_password(hash, secret_string(good_password)));
  EXPECT_FALSE(verify_password(hash, secret_string(good_password + "x")));
  EXPECT_FALSE(is_outdated(hash, password_cost{}));
  EXPECT_TRUE(is_outdated(hash, quick));
}

TEST(password_hashes, differ_by_their_salt_and_by_every_byte) {
  const secret_string with_nul(std::string("a\0b", 3));
  const std::string hash = hash_password(quick, with_nul);
  EXPECT_NE(hash, hash_password(quick, with_nul));
  EXPECT_TRUE(verify_password(hash, with_nul));
  EXPECT_FALSE(verify_password(hash, secret_string("a")));
  EXPECT_FALSE(verify_password(hash_password(quick, secret_string("\u00e9")), secret_string("e\u0301")));
  for (const char* damaged : {"", "x", "$argon2id$", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA"})
    EXPECT_FALSE(verify_password(damaged, secret_string(good_password)));
}

TEST(password_hasher, does_the_same_work_for_nobody) {
  password_hasher hasher({.cost = quick, .threads = 1, .queue_max = 4});
  const auto hash = run(hasher.hash(secret_string(good_password)));
  ASSERT_TRUE(hash);
  EXPECT_EQ(hasher.computed(), 1U);
  EXPECT_EQ(run(hasher.verify(*hash, secret_string(good_password))), true);
  EXPECT_EQ(run(hasher.verify(*hash, secret_string("another one"))), false);
  EXPECT_EQ(run(hasher.verify(std::nullopt, secret_string(good_password))), false);
  EXPECT_EQ(hasher.computed(), 4U);
}

task<> count_refusals(password_hasher& hasher, int& refused) {
  const auto hash = co_await hasher.hash(secret_string(good_password));
  if (hash) co_return;
  EXPECT_EQ(hash.error().reason, error_reason::unavailable);
  EXPECT_TRUE(hash.error().retry_after);
  ++refused;
}

TEST(password_hasher, refuses_what_it_cannot_do_soon) {
  asio::io_context loop(1);  // which the hasher's thread posts to until it is joined
  password_hasher hasher({.cost = {.memory_kib = 8'192, .passes = 2, .lanes = 1}, .threads = 1, .queue_max = 2});
  int refused = 0;
  for (int i = 0; i < 50; ++i)
    asio::co_spawn(loop.get_executor(), count_refusals(hasher, refused), asio::use_future);
  loop.run();
  EXPECT_GE(refused, 40);
  EXPECT_LE(refused, 48);
}

}  // namespace
}  // namespace sluice::identity
