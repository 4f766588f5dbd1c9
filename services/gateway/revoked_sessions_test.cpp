#include "gateway/revoked_sessions.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

TEST(revoked_sessions, cover_what_was_revoked_and_nothing_else) {
  const door::principal by_token{
      .user_id = "usr_1", .name = "a", .key_id = {}, .session_id = "ses_1", .role = "user", .fixed = false};
  const door::principal by_key{
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
