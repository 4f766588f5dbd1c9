#include "gateway/admission.hpp"

#include <gtest/gtest.h>

#include "base/digest.hpp"
#include "gateway/identity_testing.hpp"
#include "gateway/revoked_sessions.hpp"

namespace sluice::gateway {
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

TEST_F(admission_test, knows_who_has_sockets) {
  const auto demo = enter("123");
  {
    std::shared_ptr<const principal> who = *demo;
    const auto place = door.take_socket_place(who);
    EXPECT_TRUE(door.has_sockets("usr_demo"));
    EXPECT_FALSE(door.has_sockets("usr_1"));
  }
  EXPECT_FALSE(door.has_sockets("usr_demo"));
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

TEST(revoked_sessions, cover_what_was_revoked_and_nothing_else) {
  const principal by_token{
      .user_id = "usr_1", .name = "a", .key_id = {}, .session_id = "ses_1", .role = "user", .fixed = false};
  const principal by_key{
      .user_id = "usr_1", .name = "a", .key_id = "key_1", .session_id = {}, .role = "user", .fixed = false};
  const auto covered = [&](identity::revocation one) {
    revoked_sessions all;
    all.add({.number = 1, .user_id = "usr_9", .session_id = {}, .key_id = {}});
    all.add({.number = 2, .user_id = one.user_id, .session_id = "ses_9", .key_id = {}});
    all.add(std::move(one));
    return std::pair(all.cover(by_token), all.cover(by_key));
  };
  using both = std::pair<bool, bool>;
  EXPECT_EQ(covered({.number = 3, .user_id = "usr_1", .session_id = {}, .key_id = {}}), both(true, true));
  EXPECT_EQ(covered({.number = 3, .user_id = "usr_1", .session_id = "ses_1", .key_id = {}}), both(true, false));
  EXPECT_EQ(covered({.number = 3, .user_id = "usr_1", .session_id = {}, .key_id = "key_1"}), both(false, true));
  EXPECT_EQ(covered({.number = 3, .user_id = "usr_2", .session_id = {}, .key_id = {}}), both(false, false));
  EXPECT_EQ(covered({.number = 3, .user_id = "usr_2", .session_id = "ses_1", .key_id = {}}), both(false, false));
}

}  // namespace
}  // namespace sluice::gateway
