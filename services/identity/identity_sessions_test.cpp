#include <gtest/gtest.h>

#include "identity/identity.hpp"
#include "identity/identity_testing.hpp"

namespace sluice::identity {
namespace {

using namespace std::chrono_literals;

template <class Work>
void in_parallel(int threads, Work work) {
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i)
    running.emplace_back([&work, i] { work(i); });
  for (std::thread& each : running)
    each.join();
}

struct signed_in : world {
  explicit signed_in(settings told = quick_settings()) : world(std::move(told)) {
    alice = must(add("alice"));
    given = must(world::log_in("alice"));
  }
  user alice;
  tokens given;
};

TEST(refreshing, gives_new_tokens_for_the_same_session) {
  signed_in here;
  here.time.advance(16min);
  EXPECT_FALSE(here.identify(here.given.access_token));
  const auto next = here.refresh(here.given.refresh_token);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->session_id, here.given.session_id);
  EXPECT_EQ(next->who.username, "alice");
  EXPECT_FALSE(next->refresh_token == here.given.refresh_token);
  EXPECT_EQ(next->refresh_expires_at, here.time.now() + 24h * 30);
  EXPECT_TRUE(here.identify(next->access_token));
  EXPECT_TRUE(here.refresh(next->refresh_token));
}

TEST(refreshing, again_within_the_grace_gives_the_same_successor) {
  signed_in here;
  const auto first = here.refresh(here.given.refresh_token);
  here.time.advance(9s);
  const auto second = here.refresh(here.given.refresh_token);
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(first->refresh_token == second->refresh_token);
  EXPECT_TRUE(here.identify(second->access_token));
  const auto third = here.refresh(first->refresh_token);
  ASSERT_TRUE(third);
  // A tab that is two behind gets to the newest, too.
  const auto late = here.refresh(second->refresh_token);
  ASSERT_TRUE(late);
  EXPECT_TRUE(late->refresh_token == third->refresh_token);
  EXPECT_EQ(here.observed.reused, 0);
}

TEST(refreshing, again_after_the_grace_ends_the_session_for_both) {
  signed_in here;
  const auto thief = here.refresh(here.given.refresh_token);
  ASSERT_TRUE(thief && here.identify(thief->access_token));
  here.time.advance(121s);
  const auto owner = here.refresh(here.given.refresh_token);
  EXPECT_EQ(reason_of(owner), error_reason::unauthenticated);
  EXPECT_EQ(here.observed.reused, 1);
  EXPECT_EQ(reason_of(here.identify(thief->access_token)), error_reason::unauthenticated);
  EXPECT_EQ(reason_of(here.refresh(thief->refresh_token)), error_reason::unauthenticated);
  EXPECT_TRUE(here.log_in("alice"));
}

TEST(refreshing, again_while_the_successor_is_unused_is_an_answer_that_was_lost) {
  signed_in here;
  const auto lost = here.refresh(here.given.refresh_token);
  ASSERT_TRUE(lost);
  here.time.advance(119s);
  const auto again = here.refresh(here.given.refresh_token);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->refresh_token == lost->refresh_token);
  EXPECT_EQ(again->session_id, lost->session_id);
  ASSERT_TRUE(here.refresh(again->refresh_token));
  // Its successor was used by now: this one is stolen.
  here.time.advance(11s);
  EXPECT_EQ(reason_of(here.refresh(here.given.refresh_token)), error_reason::unauthenticated);
  EXPECT_EQ(here.observed.reused, 1);
}

TEST(refreshing, a_thief_within_the_grace_is_noticed_at_the_next_turn) {
  signed_in here;
  const auto owner = here.refresh(here.given.refresh_token);
  const auto thief = here.refresh(here.given.refresh_token);
  here.time.advance(10min);
  ASSERT_TRUE(here.refresh(thief->refresh_token));
  here.time.advance(10min);
  EXPECT_FALSE(here.refresh(owner->refresh_token));
  EXPECT_EQ(here.observed.reused, 1);
}

TEST(refreshing, by_many_at_once_logs_nobody_out) {
  signed_in here;
  std::vector<result<tokens>> got(16, std::unexpected(error{}));
  in_parallel(16, [&](int i) { got[static_cast<std::size_t>(i)] = here.refresh(here.given.refresh_token); });
  for (const auto& each : got) {
    ASSERT_TRUE(each) << each.error().message;
    EXPECT_TRUE(each->refresh_token == got.front()->refresh_token);
    EXPECT_TRUE(here.identify(each->access_token));
  }
  here.time.advance(1h);
  EXPECT_TRUE(here.refresh(got.front()->refresh_token));
  EXPECT_EQ(here.observed.reused, 0);
}

TEST(refreshing, ends_with_its_time) {
  signed_in here;
  here.time.advance(24h * 30 - 1s);
  const auto next = here.refresh(here.given.refresh_token);
  ASSERT_TRUE(next);
  here.time.advance(24h * 30);
  EXPECT_EQ(reason_of(here.refresh(next->refresh_token)), error_reason::unauthenticated);
}

TEST(refreshing, refuses_what_is_no_token_of_ours) {
  signed_in here;
  const secret_string strangers[] = {secret_string(""),
                                     secret_string("rt_"),
                                     make_refresh_token(),
                                     here.given.access_token,
                                     secret_string(std::string(10'000'000, 'r')),
                                     secret_string("rt_' OR 1=1 --")};
  for (const secret_string& token : strangers)
    EXPECT_EQ(reason_of(here.refresh(token)), error_reason::unauthenticated);
}

TEST(refreshing, while_signing_out_leaves_nothing_behind) {
  for (int round = 0; round < 20; ++round) {
    signed_in here;
    result<tokens> got = std::unexpected(error{});
    in_parallel(2, [&](int i) {
      if (i == 0) got = here.refresh(here.given.refresh_token);
      if (i == 1) EXPECT_TRUE(run(here.face->log_out(here.alice.id, here.given.session_id)));
    });
    EXPECT_FALSE(here.identify(here.given.access_token));
    if (!got) continue;
    EXPECT_FALSE(here.identify(got->access_token));
    EXPECT_FALSE(here.refresh(got->refresh_token));
  }
}

TEST(registering, one_name_at_once_makes_one_account) {
  for (int round = 0; round < 5; ++round) {
    world here;
    std::atomic<int> made{0};
    std::atomic<int> taken{0};
    in_parallel(8, [&](int i) {
      const auto each = here.add(i % 2 == 0 ? "alice" : "ALICE");
      if (each) ++made;
      if (reason_of(each) == error_reason::conflict) ++taken;
    });
    EXPECT_EQ(made, 1);
    EXPECT_EQ(taken, 7);
  }
}

TEST(signing_in, as_many_guesses_at_one_moment_are_that_many) {
  settings told = quick_settings();
  told.throttle.pair_failures = 10;
  world here(told);
  ASSERT_TRUE(here.add("alice"));
  std::atomic<int> looked_at{0};
  in_parallel(40, [&](int i) {
    const auto refused = here.log_in("alice", "guess number " + std::to_string(i));
    if (reason_of(refused) == error_reason::unauthenticated) ++looked_at;
  });
  EXPECT_EQ(looked_at, 10);
}

TEST(signing_out, ends_one_session) {
  signed_in here;
  const auto other = here.log_in("alice");
  const auto who = here.identify(here.given.access_token);
  ASSERT_TRUE(who && run(here.face->still_stands(*who)));
  ASSERT_TRUE(run(here.face->log_out(here.alice.id, here.given.session_id)));
  EXPECT_FALSE(here.identify(here.given.access_token));
  EXPECT_FALSE(here.refresh(here.given.refresh_token));
  EXPECT_EQ(reason_of(run(here.face->still_stands(*who))), error_reason::unauthenticated);
  EXPECT_TRUE(here.identify(other->access_token));
  EXPECT_TRUE(run(here.face->log_out(here.alice.id, here.given.session_id)));  // again changes nothing
}

TEST(signing_out, of_another_users_session_changes_nothing) {
  signed_in here;
  const auto bob = here.add("bob");
  EXPECT_TRUE(run(here.face->log_out(bob->id, here.given.session_id)));
  EXPECT_TRUE(here.identify(here.given.access_token));
  EXPECT_TRUE(here.refresh(here.given.refresh_token));
}

TEST(signing_out, by_refresh_token_needs_no_other) {
  signed_in here;
  EXPECT_TRUE(run(here.face->log_out_by_refresh(make_refresh_token())));
  EXPECT_TRUE(here.identify(here.given.access_token));
  EXPECT_TRUE(run(here.face->log_out_by_refresh(here.given.refresh_token)));
  EXPECT_FALSE(here.identify(here.given.access_token));
  EXPECT_TRUE(run(here.face->log_out_by_refresh(here.given.refresh_token)));
}

TEST(signing_out, everywhere_leaves_keys) {
  signed_in here;
  const auto other = here.log_in("alice");
  const auto key = run(here.face->create_key(here.alice.id, "k"));
  ASSERT_TRUE(here.identify(here.given.access_token) && here.identify(other->access_token) && here.identify(key->key));
  ASSERT_TRUE(run(here.face->log_out_everywhere(here.alice.id)));
  EXPECT_FALSE(here.identify(here.given.access_token));
  EXPECT_FALSE(here.identify(other->access_token));
  EXPECT_FALSE(here.refresh(other->refresh_token));
  EXPECT_TRUE(here.identify(key->key));
}

TEST(being_disabled, ends_everything_until_enabled) {
  signed_in here;
  const auto key = run(here.face->create_key(here.alice.id, "k"));
  ASSERT_TRUE(here.identify(key->key));
  ASSERT_TRUE(run(here.accounts->set_disabled("alice", true)));
  here.hear_revocations();
  EXPECT_FALSE(here.identify(here.given.access_token));
  EXPECT_FALSE(here.identify(key->key));
  EXPECT_FALSE(here.refresh(here.given.refresh_token));
  EXPECT_FALSE(here.log_in("alice"));
  ASSERT_TRUE(run(here.accounts->set_disabled("alice", false)));
  EXPECT_TRUE(here.identify(key->key));
  EXPECT_TRUE(here.log_in("alice"));
  EXPECT_FALSE(here.refresh(here.given.refresh_token));
}

TEST(a_changed_role, holds_at_once) {
  signed_in here;
  const auto key = run(here.face->create_key(here.alice.id, "k"));
  EXPECT_EQ(here.identify(key->key)->role, role::user);
  ASSERT_TRUE(run(here.accounts->set_role("alice", role::admin)));
  here.hear_revocations();
  EXPECT_EQ(here.identify(key->key)->role, role::admin);
  EXPECT_FALSE(here.identify(here.given.access_token));
  EXPECT_EQ(here.identify(here.log_in("alice")->access_token)->role, role::admin);
}

TEST(credentials, are_remembered_without_the_database) {
  if (is_over_the_wire()) GTEST_SKIP() << "the client remembers by itself";
  signed_in here;
  ASSERT_TRUE(here.identify(here.given.access_token));
  ASSERT_TRUE(here.identify(here.given.access_token));
  EXPECT_EQ(here.observed.count(check_outcome::verified), 1);
  EXPECT_EQ(here.observed.count(check_outcome::remembered), 1);
  here.time.advance(15min + 30s);
  EXPECT_FALSE(here.identify(here.given.access_token));
  EXPECT_EQ(here.rules.remembered(), 0U);
}

TEST(credentials, that_are_no_good_are_refused_alike) {
  signed_in here;
  std::string message;
  for (const std::string& text :
       {std::string(), std::string("x"), std::string("Bearer x"), std::string(here.given.refresh_token.reveal()),
        std::string(make_api_key().reveal()), std::string("sk-slc-x"), std::string("sk-another"), std::string("a.b.c"),
        std::string(here.given.access_token.reveal()) + "x", std::string(10'000'000, '.'), std::string("\0\0\0", 3)}) {
    const auto refused = here.identify(secret_string(text));
    EXPECT_EQ(reason_of(refused), error_reason::unauthenticated);
    if (message.empty()) message = refused.error().message;
    EXPECT_EQ(refused.error().message, message);
  }
  EXPECT_EQ(here.rules.remembered(), 0U);
}

}  // namespace
}  // namespace sluice::identity
