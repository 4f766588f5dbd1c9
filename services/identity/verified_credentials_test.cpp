#include "identity/verified_credentials.hpp"

#include <gtest/gtest.h>

#include "identity/identity_testing.hpp"

namespace sluice::identity {
namespace {

using namespace std::chrono_literals;

const time_point now{1'800'000'000s};

identified session_of(const std::string& user, const std::string& session) {
  return {.user_id = user, .username = user, .role = role::user, .session_id = session, .key_id = {}, .expires_at = {}};
}

identified key_of(const std::string& user, const std::string& key) {
  return {.user_id = user, .username = user, .role = role::user, .session_id = {}, .key_id = key, .expires_at = {}};
}

revocation what(const std::string& user, const std::string& session = {}, const std::string& key = {}) {
  return {.number = 1, .user_id = user, .session_id = session, .key_id = key};
}

// Remembers `who` under the name of its session or key.
void keep(verified_credentials& in, const identified& who) {
  in.remember(sha256(who.session_id + who.key_id), who, now, now + 1min, in.epoch());
}

TEST(verified_credentials, are_found_until_they_run_out) {
  verified_credentials held(1'000, 60s);
  EXPECT_FALSE(held.find(sha256("s1"), now));
  keep(held, session_of("alice", "s1"));
  EXPECT_EQ(held.find(sha256("s1"), now)->who.user_id, "alice");
  EXPECT_TRUE(held.find(sha256("s1"), now + 59s));
  EXPECT_FALSE(held.find(sha256("s1"), now + 60s));
  EXPECT_EQ(held.size(), 0U);
}

TEST(verified_credentials, are_forgotten_as_revoked) {
  verified_credentials held(1'000, 60s);
  const auto fill = [&] {
    for (const identified& each : {session_of("alice", "s1"), session_of("alice", "s2"), key_of("alice", "k1"),
                                   key_of("alice", "k2"), session_of("bob", "s3")})
      keep(held, each);
  };
  const auto left = [&] {
    std::string names;
    for (const char* name : {"s1", "s2", "k1", "k2", "s3"}) {
      if (held.find(sha256(name), now)) names += name;
    }
    return names;
  };
  fill();
  held.forget(what("alice", "s1"));
  EXPECT_EQ(left(), "s2k1k2s3");
  held.forget(what("alice", {}, "k2"));
  EXPECT_EQ(left(), "s2k1s3");
  held.forget(what("bob", "s2"));
  EXPECT_EQ(left(), "s2k1s3");
  held.forget(what("alice"));
  EXPECT_EQ(left(), "s3");
}

TEST(verified_credentials, that_were_revoked_while_they_were_checked_are_not_kept) {
  verified_credentials held(1'000, 60s);
  const std::uint64_t before = held.epoch();
  held.forget(what("alice"));
  held.remember(sha256("s1"), session_of("alice", "s1"), now, now + 1min, before);
  EXPECT_FALSE(held.find(sha256("s1"), now));
}

TEST(verified_credentials, are_bounded) {
  verified_credentials held(640, 60s);
  for (int i = 0; i < 10'000; ++i)
    keep(held, session_of("alice", "s" + std::to_string(i)));
  EXPECT_LE(held.size(), 640U);
  EXPECT_GE(held.size(), 500U);
  EXPECT_TRUE(held.find(sha256("s9999"), now));
}

TEST(verified_credentials, say_at_most_once_an_interval_that_a_key_was_used) {
  verified_credentials held(1'000, 10s);
  keep(held, key_of("alice", "k1"));
  keep(held, session_of("alice", "s1"));
  EXPECT_FALSE(held.find(sha256("k1"), now + 9s)->use_due);
  EXPECT_TRUE(held.find(sha256("k1"), now + 10s)->use_due);
  EXPECT_FALSE(held.find(sha256("k1"), now + 19s)->use_due);
  EXPECT_TRUE(held.find(sha256("k1"), now + 20s)->use_due);
  EXPECT_FALSE(held.find(sha256("s1"), now + 20s)->use_due);
}

TEST(verified_credentials, bear_any_number_of_threads) {
  verified_credentials held(1'000, 60s);
  std::vector<std::thread> running;
  for (int thread = 0; thread < 4; ++thread) {
    running.emplace_back([&held, thread] {
      for (int i = 0; i < 5'000; ++i) {
        const std::string name = "s" + std::to_string(i % 50);
        if (thread == 0 && i % 10 == 0) held.forget(what("alice", name));
        if (!held.find(sha256(name), now)) keep(held, session_of("alice", name));
      }
    });
  }
  for (std::thread& each : running)
    each.join();
  EXPECT_LE(held.size(), 50U);
}

}  // namespace
}  // namespace sluice::identity
