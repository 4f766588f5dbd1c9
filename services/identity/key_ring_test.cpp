#include "identity/key_ring.hpp"

#include <gtest/gtest.h>

#include "base/ids.hpp"
#include "identity/identity_testing.hpp"

namespace sluice::identity {
namespace {

using namespace std::chrono_literals;

claims some_claims(time_point now) {
  return {.token_id = make_id("tok", now),
          .user_id = make_id("usr", now),
          .session_id = make_id("ses", now),
          .username = "alice",
          .role = role::user,
          .issued_at = now,
          .expires_at = now + 15min};
}

// A ring over an empty table, renewed as the housekeeping does it.
struct ring : world {
  key_ring keys{store, quick_settings()};
  void renew() { must(run(keys.renew(time.now()))); }
  std::size_t stored() { return run(store.signing_keys())->size(); }
  secret_string sign() { return keys.current()->sign(some_claims(time.now())); }
  bool believes(const secret_string& token) { return keys.current()->verify(token.reveal(), time.now()).has_value(); }
  std::string key_of(const secret_string& token) { return std::string(token.reveal().substr(0, 60)); }
  void sweep() {
    must(run(store.sweep(
        {.now = time.now(), .revocations_before = {}, .signing_keys_before = keys.needed_since(time.now())})));
  }
};

TEST(signing_keys, are_made_once) {
  ring here;
  here.renew();
  here.renew();
  key_ring other(here.store, quick_settings());
  ASSERT_TRUE(run(other.renew(here.time.now())));
  EXPECT_EQ(here.stored(), 1U);
  EXPECT_TRUE(other.current()->verify(here.sign().reveal(), here.time.now()));
}

TEST(signing_keys, are_made_once_by_many_who_start_together) {
  const store::scratch_directory scratch;
  const auto database = store::must_open(scratch / "identity.db");
  const auto accounts = must_open_accounts(*database, quick_settings());
  user_store_sql store(*database);
  const time_point now{1'800'000'000s};
  std::vector<std::thread> running;
  for (int i = 0; i < 8; ++i) {
    running.emplace_back([&store, now] {
      key_ring keys(store, quick_settings());
      EXPECT_TRUE(run(keys.renew(now)));
    });
  }
  for (std::thread& each : running)
    each.join();
  EXPECT_EQ(run(store.signing_keys())->size(), 1U);
}

TEST(signing_keys, are_replaced_with_notice_and_kept_while_needed) {
  ring here;
  here.renew();
  const secret_string first = here.sign();
  here.time.advance(24h * 30);
  here.renew();
  EXPECT_EQ(here.stored(), 2U);
  const secret_string second = here.sign();
  EXPECT_EQ(here.key_of(second), here.key_of(first));  // the new key is known before it is used

  here.time.advance(5min);
  here.renew();
  const secret_string third = here.sign();
  EXPECT_NE(here.key_of(third), here.key_of(first));
  EXPECT_TRUE(here.believes(second));
  here.sweep();
  EXPECT_EQ(here.stored(), 2U);

  here.time.advance(25min);
  here.sweep();
  here.renew();
  EXPECT_EQ(here.stored(), 1U);
  EXPECT_FALSE(here.believes(second));
  EXPECT_EQ(here.key_of(here.sign()), here.key_of(third));
}

TEST(signing_keys, of_a_service_that_slept_long_are_good_until_the_next_is) {
  ring here;
  here.renew();
  here.time.advance(24h * 400);
  here.sweep();
  here.renew();
  here.sweep();
  EXPECT_EQ(here.stored(), 2U);
  const secret_string token = here.sign();
  here.time.advance(6min);
  here.renew();
  here.sweep();
  EXPECT_TRUE(here.believes(token));
}

}  // namespace
}  // namespace sluice::identity
