#include "identity/local_checks.hpp"

#include <gtest/gtest.h>

#include "base/ids.hpp"
#include "identity/secrets.hpp"

namespace sluice::identity {
namespace {

using namespace std::chrono_literals;

const time_point now{std::chrono::seconds(1'800'000'000)};

// Knows all, and has tokens to check.
struct checked {
  explicit checked(std::size_t revoked_max = 1000) : checks(1000, revoked_max) {
    checks.trust({.told = {}, .token_life = 16min, .keys = keys.public_keys()});
    checks.complete_at(7);
  }
  secret_string sign(const std::string& session_id) const {
    return keys.sign({.token_id = make_id("tok", now),
                      .user_id = user_id,
                      .session_id = session_id,
                      .username = "alice",
                      .role = role::user,
                      .issued_at = now,
                      .expires_at = now + 15min});
  }
  local_verdict check(const secret_string& token) {
    return checks.check_token(sha256(token.reveal()), token.reveal(), now).verdict;
  }
  revocation_batch of_session(std::uint64_t number, const std::string& session_id) const {
    return {.last = number,
            .revoked = {{.number = number, .user_id = user_id, .session_id = session_id, .key_id = {}}}};
  }

  std::string user_id = make_id("usr", now);
  stored_signing_key stored = make_signing_key(now);
  token_keys keys{{}, std::span(&stored, 1), stored.id};
  local_checks checks;
};

TEST(local_checks, believe_what_identity_signed_and_nothing_else) {
  checked here;
  const secret_string good = here.sign(make_id("ses", now));
  EXPECT_EQ(here.check(good), local_verdict::good);
  EXPECT_EQ(here.checks.find(sha256(good.reveal()), now)->user_id, here.user_id);
  EXPECT_EQ(here.check(secret_string(std::string(good.reveal()) + "A")), local_verdict::refused);
  EXPECT_EQ(here.check(secret_string("a.b.c")), local_verdict::refused);
  EXPECT_EQ(here.check(secret_string(std::string(10'000'000, '.'))), local_verdict::refused);
  const checked other;
  EXPECT_EQ(here.check(other.sign(make_id("ses", now))), local_verdict::unknown_key);
}

TEST(local_checks, ask_until_all_is_known) {
  local_checks nothing(10, 10);
  EXPECT_EQ(nothing.check_token({}, "x", now).verdict, local_verdict::ask);
  checked here;
  here.checks.lose_track();
  EXPECT_EQ(here.check(here.sign(make_id("ses", now))), local_verdict::ask);
}

TEST(local_checks, refuse_what_was_revoked_seen_before_or_not) {
  checked here;
  const std::string seen = make_id("ses", now);
  const std::string unseen = make_id("ses", now);
  const secret_string token = here.sign(seen);
  EXPECT_EQ(here.check(token), local_verdict::good);
  EXPECT_TRUE(here.checks.apply(7, here.of_session(8, seen), now));
  EXPECT_TRUE(here.checks.apply(8, here.of_session(9, unseen), now));
  EXPECT_FALSE(here.checks.find(sha256(token.reveal()), now));
  EXPECT_EQ(here.check(token), local_verdict::refused);
  EXPECT_EQ(here.check(here.sign(unseen)), local_verdict::refused);
  EXPECT_EQ(here.checks.seen(), 9U);
}

TEST(local_checks, who_follows_from_farther_on_does_not_make_the_rest_known) {
  checked here;
  here.checks.apply(0, {.last = 20, .revoked = {}}, now);
  EXPECT_EQ(here.checks.seen(), 7U);
  here.checks.apply(20, here.of_session(21, make_id("ses", now)), now);
  EXPECT_EQ(here.checks.seen(), 7U);
  here.checks.apply(7, {.last = 21, .revoked = {}}, now);
  EXPECT_EQ(here.checks.seen(), 21U);
  here.checks.apply(7, here.of_session(8, make_id("ses", now)), now);  // late
  EXPECT_EQ(here.checks.seen(), 21U);
}

TEST(local_checks, a_full_list_is_said_and_makes_room_in_time) {
  checked here(2);
  EXPECT_TRUE(here.checks.apply(7, here.of_session(8, "ses_a"), now));
  EXPECT_TRUE(here.checks.apply(8, here.of_session(9, "ses_b"), now));
  EXPECT_TRUE(here.checks.apply(8, here.of_session(9, "ses_b"), now));  // again
  EXPECT_FALSE(here.checks.apply(9, here.of_session(10, "ses_c"), now));
  EXPECT_EQ(here.check(here.sign(make_id("ses", now))), local_verdict::ask);
  EXPECT_TRUE(here.checks.apply(9, here.of_session(10, "ses_c"), now + 17min));
}

TEST(local_checks, keep_no_answer_about_a_key_that_may_be_old) {
  checked here;
  const digest key = sha256("key");
  const identified who{.user_id = here.user_id, .key_id = "key_1"};
  const auto kept = [&](std::uint64_t as_of, std::uint64_t epoch) {
    here.checks.remember_key(key, who, now, now + 1min, epoch, as_of);
    return here.checks.find(key, now).has_value();
  };
  const std::uint64_t before = here.checks.epoch();
  EXPECT_FALSE(kept(6, before));  // the node had not heard of 7
  EXPECT_TRUE(kept(7, before));
  EXPECT_FALSE(here.checks.find(key, now + 1min));
  here.checks.apply(7, {.last = 8, .revoked = {{.number = 8, .user_id = here.user_id, .key_id = "key_1"}}}, now);
  EXPECT_FALSE(here.checks.find(key, now));
  EXPECT_FALSE(kept(8, before));  // asked before it was revoked
}

}  // namespace
}  // namespace sluice::identity
