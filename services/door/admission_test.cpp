#include "door/admission.hpp"

#include <gtest/gtest.h>

#include "base/digest.hpp"
#include "door/identity_testing.hpp"

namespace sluice::door {
namespace {

using testing::run_here;
using testing::scripted_identity;

settings with_fixed() {
  settings told;
  told.insecure_tokens.emplace_back("123");
  told.keys.push_back({.name = "backend", .sha256 = sha256_hex("sk-fixed"), .role = "admin"});
  return told;
}

class admission_test : public ::testing::Test {
 protected:
  result<std::shared_ptr<const principal>> enter(std::string_view credential) {
    return run_here(door.authenticate(credential));
  }

  const settings told = with_fixed();
  scripted_identity people;
  admission door{told, people};
};

TEST_F(admission_test, what_the_configuration_fixes_is_looked_at_first) {
  const auto demo = enter("123");
  ASSERT_TRUE(demo);
  EXPECT_EQ((*demo)->user_id, "usr_demo");
  const auto backend = enter("sk-fixed");
  ASSERT_TRUE(backend);
  EXPECT_EQ((*backend)->caller().key_id, "key_backend");
  EXPECT_EQ((*backend)->role, "admin");
  EXPECT_TRUE(run_here(door.still_stands(**backend)));
  EXPECT_EQ(people.asked, 0);
}

TEST_F(admission_test, identity_says_who_the_others_are) {
  const auto until = std::chrono::system_clock::now();
  people.known["token"] = {.user_id = "usr_1",
                           .username = "Ann",
                           .role = identity::role::admin,
                           .session_id = "ses_1",
                           .key_id = {},
                           .expires_at = until};
  const auto who = enter("token");
  ASSERT_TRUE(who);
  EXPECT_EQ((*who)->user_id, "usr_1");
  EXPECT_EQ((*who)->name, "Ann");
  EXPECT_EQ((*who)->role, "admin");
  EXPECT_EQ((*who)->session_id, "ses_1");
  EXPECT_EQ((*who)->expires_at, until);
  EXPECT_FALSE((*who)->fixed);
  EXPECT_TRUE(run_here(door.still_stands(**who)));
  people.known.clear();
  EXPECT_EQ(run_here(door.still_stands(**who)).error().reason, error_reason::unauthenticated);
}

TEST_F(admission_test, strangers_are_refused_and_trouble_is_no_refusal) {
  EXPECT_EQ(enter("nobody").error().reason, error_reason::unauthenticated);
  EXPECT_EQ(people.asked, 1);
  EXPECT_EQ(enter("").error().reason, error_reason::unauthenticated);
  EXPECT_EQ(enter(std::string(5000, 'x')).error().reason, error_reason::unauthenticated);
  EXPECT_EQ(people.asked, 1);
  people.trouble = error{.reason = error_reason::unavailable, .message = "away"};
  EXPECT_EQ(enter("nobody").error().reason, error_reason::unavailable);
}

TEST(origins, own_and_allowed) {
  settings told;
  told.public_origin = "https://ai.example.org";
  told.allowed_origins = {"https://chat.example.org"};
  EXPECT_TRUE(is_own_origin(told, "http://LOCALHOST:8080", "localhost:8080"));
  EXPECT_TRUE(is_own_origin(told, "https://ai.example.org", "10.0.0.7:8080"));
  EXPECT_FALSE(is_own_origin(told, "https://chat.example.org", "localhost:8080"));
  EXPECT_FALSE(is_own_origin(told, "null", "null"));
  EXPECT_FALSE(is_own_origin(told, "http://", ""));
  EXPECT_FALSE(is_own_origin(told, "ftp://localhost", "localhost"));
  EXPECT_TRUE(is_allowed_origin(told, "https://chat.example.org", "localhost:8080"));
  EXPECT_TRUE(is_allowed_origin(told, "", "localhost:8080"));
  EXPECT_FALSE(is_allowed_origin(told, "https://evil.example", "localhost:8080"));
}

}  // namespace
}  // namespace sluice::door
