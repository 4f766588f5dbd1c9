#include "identity/identity.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "identity/identity_testing.hpp"

namespace sluice::identity {
namespace {

using namespace std::chrono_literals;

TEST(registering, makes_an_account_that_can_sign_in) {
  world here;
  const auto made = here.add("Alice");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->username, "Alice");
  EXPECT_EQ(made->role, role::user);
  EXPECT_EQ(here.observed.registered, 1);
  const auto given = here.log_in("aLICE");
  ASSERT_TRUE(given);
  EXPECT_EQ(given->who.id, made->id);
  EXPECT_EQ(given->who.username, "Alice");
  EXPECT_EQ(given->expires_at, here.time.now() + 15min);
  EXPECT_EQ(given->refresh_expires_at, here.time.now() + 24h * 30);
  const auto who = here.identify(given->access_token);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->user_id, made->id);
  EXPECT_EQ(who->username, "Alice");
  EXPECT_EQ(who->session_id, given->session_id);
  EXPECT_TRUE(who->key_id.empty());
  EXPECT_EQ(who->expires_at, given->expires_at);
  EXPECT_EQ(run(here.face->find_user(made->id))->username, "Alice");
}

TEST(registering, refuses_names_that_are_taken_or_look_it) {
  world here;
  ASSERT_TRUE(here.add("paypal"));
  ASSERT_TRUE(here.add("copa"));
  for (const char* name : {"paypal", "PayPal", "paypa1", "\u0441\u043e\u0440\u0430"}) {
    const auto again = here.add(name);
    EXPECT_EQ(reason_of(again), error_reason::conflict) << name;
    EXPECT_EQ(again.error().param, "username");
  }
  EXPECT_TRUE(here.add("paypal2"));
}

TEST(registering, refuses_bad_names_and_passwords_before_any_hash) {
  world here;
  EXPECT_EQ(reason_of(here.add("al ice")), error_reason::invalid_argument);
  EXPECT_EQ(reason_of(here.add(std::string(10'000, 'a'))), error_reason::invalid_argument);
  EXPECT_EQ(reason_of(here.add("alice", "short")), error_reason::invalid_argument);
  EXPECT_EQ(reason_of(here.add("alice", std::string("nul\0in the middle", 17))), error_reason::invalid_argument);
  EXPECT_EQ(reason_of(here.add("alice", std::string(1'000'000, 'x'))), error_reason::invalid_argument);
  EXPECT_EQ(here.rules.hashes(), 0U);
}

TEST(registering, can_be_closed) {
  settings told = quick_settings();
  told.registration = registration::closed;
  world here(told);
  EXPECT_EQ(reason_of(here.add("alice")), error_reason::permission_denied);
}

TEST(registering, is_throttled_by_address) {
  settings told = quick_settings();
  told.throttle.registrations = 3;
  world here(told);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(here.add("user" + std::to_string(i + 2)));
  const auto refused = here.add("user9");
  EXPECT_EQ(reason_of(refused), error_reason::rate_limited);
  EXPECT_TRUE(refused.error().retry_after);
}

TEST(signing_in, says_the_same_of_every_failure_after_the_same_work) {
  world here;
  ASSERT_TRUE(here.add("alice"));
  const auto bob = here.add("bob");
  ASSERT_TRUE(bob);
  ASSERT_TRUE(run(here.store.set_disabled(bob->id, true, here.time.now())));
  const std::pair<std::string, std::string> failures[] = {{"alice", "wrong password"},
                                                          {"nobody", good_password},
                                                          {"bob", good_password},
                                                          {"not a name", good_password},
                                                          {"alice", "x"},
                                                          {"alice", std::string("a\0b", 3)}};
  std::string said;
  for (const auto& [name, password] : failures) {
    const std::uint64_t before = here.rules.hashes();
    const auto refused = here.log_in(name, password);
    EXPECT_EQ(reason_of(refused), error_reason::unauthenticated) << name;
    if (said.empty()) said = refused.error().message;
    EXPECT_EQ(refused.error().message, said);
    EXPECT_EQ(refused.error().param, "");
    EXPECT_EQ(here.rules.hashes(), before + 1) << name;
  }
  EXPECT_EQ(here.observed.count(sign_in_outcome::wrong), 6);
}

TEST(signing_in, refuses_what_cannot_be_a_name_or_password) {
  world here;
  for (const std::string& name : {std::string(), std::string(10'000, 'a'), std::string("\xff")})
    EXPECT_EQ(reason_of(here.log_in(name)), error_reason::invalid_argument);
  EXPECT_EQ(reason_of(here.log_in("alice", std::string(1'025, 'x'))), error_reason::invalid_argument);
  EXPECT_EQ(here.rules.hashes(), 0U);
}

TEST(signing_in, hashes_anew_when_the_cost_has_changed) {
  world here;
  ASSERT_TRUE(here.add("alice"));
  settings dearer = quick_settings();
  dearer.hashing.cost.memory_kib = 128;
  identity later(here.store, here.limiter, here.state, dearer, [&here] { return here.time.now(); }, here.observed);
  ASSERT_TRUE(run(later.start()));
  ASSERT_TRUE(run(later.log_in({.username = "alice", .password = secret_string(good_password)}, {})));
  const auto kept = run(here.store.find_by_name("alice"));
  EXPECT_TRUE((*kept)->password_hash.starts_with("$argon2id$v=19$m=128,"));
  EXPECT_TRUE(here.log_in("alice"));
}

TEST(signing_in, is_throttled_for_a_guesser_and_not_for_the_owner) {
  world here;
  ASSERT_TRUE(here.add("alice"));
  const auto guess = [&](const std::string& name, const std::string& address) {
    return reason_of(here.log_in(name, "wrong guess", address));
  };
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(guess("alice", "198.51.100.7"), error_reason::unauthenticated) << i;
  const auto refused = here.log_in("alice", good_password, "198.51.100.7");
  EXPECT_EQ(reason_of(refused), error_reason::rate_limited);
  EXPECT_EQ(refused.error().retry_after, 90s);
  EXPECT_TRUE(here.log_in("alice", good_password, "192.0.2.1"));
  EXPECT_EQ(here.observed.count(sign_in_outcome::throttled), 1);
}

TEST(signing_in, throttles_unknown_names_alike) {
  world here;
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(reason_of(here.log_in("nobody")), error_reason::unauthenticated);
  EXPECT_EQ(reason_of(here.log_in("nobody")), error_reason::rate_limited);
}

TEST(signing_in, with_the_right_password_costs_nothing) {
  world here;
  ASSERT_TRUE(here.add("alice"));
  for (int i = 0; i < 30; ++i)
    EXPECT_TRUE(here.log_in("alice")) << i;
  EXPECT_EQ(here.limiter.sum("sign-in"), 0U);
}

TEST(signing_in, ends_the_oldest_session_past_the_most) {
  settings told = quick_settings();
  told.sessions_per_user_max = 3;
  world here(told);
  ASSERT_TRUE(here.add("alice"));
  std::vector<tokens> given;
  for (int i = 0; i < 4; ++i) {
    given.push_back(*here.log_in("alice"));
    here.time.advance(1s);
  }
  EXPECT_FALSE(here.refresh(given[0].refresh_token));
  for (int i = 1; i < 4; ++i)
    EXPECT_TRUE(here.refresh(given[static_cast<std::size_t>(i)].refresh_token)) << i;
}

TEST(changing_a_password, ends_the_other_sessions) {
  world here;
  const auto alice = here.add("alice");
  const auto mine = here.log_in("alice");
  const auto other = here.log_in("alice");
  ASSERT_TRUE(mine && other && here.identify(other->access_token));
  const secret_string fresh("ein ganz anderes 9");
  const auto change = [&](const secret_string& old_one, const secret_string& new_one) {
    return run(here.face->change_password(alice->id, mine->session_id, old_one, new_one, {}));
  };
  const auto wrong = change(secret_string("not it at all"), fresh);
  EXPECT_EQ(reason_of(wrong), error_reason::permission_denied);
  EXPECT_EQ(wrong.error().param, "old_password");
  const auto weak = change(secret_string(good_password), secret_string("alice123"));
  EXPECT_EQ(reason_of(weak), error_reason::invalid_argument);
  EXPECT_EQ(weak.error().param, "new_password");
  ASSERT_TRUE(change(secret_string(good_password), fresh));
  EXPECT_TRUE(here.identify(mine->access_token));
  EXPECT_EQ(reason_of(here.identify(other->access_token)), error_reason::unauthenticated);
  EXPECT_FALSE(here.refresh(other->refresh_token));
  EXPECT_TRUE(here.refresh(mine->refresh_token));
  EXPECT_FALSE(here.log_in("alice"));
  EXPECT_TRUE(here.log_in("alice", "ein ganz anderes 9"));
}

TEST(api_keys_of_users, stand_for_them_until_revoked) {
  world here;
  const auto alice = here.add("alice");
  const auto bob = here.add("bob");
  const auto made = run(here.face->create_key(alice->id, "laptop"));
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->key.reveal().starts_with(made->about.prefix));
  const auto who = here.identify(made->key);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->user_id, alice->id);
  EXPECT_EQ(who->key_id, made->about.id);
  EXPECT_TRUE(who->session_id.empty());
  EXPECT_FALSE(who->expires_at);
  EXPECT_TRUE(run(here.face->still_stands(*who)));

  EXPECT_EQ(reason_of(run(here.face->revoke_key(bob->id, made->about.id))), error_reason::not_found);
  EXPECT_EQ(run(here.face->list_keys(bob->id))->size(), 0U);
  ASSERT_TRUE(run(here.face->revoke_key(alice->id, made->about.id)));
  EXPECT_EQ(reason_of(here.identify(made->key)), error_reason::unauthenticated);
  EXPECT_FALSE(run(here.face->still_stands(*who)));
  EXPECT_EQ(reason_of(run(here.face->revoke_key(alice->id, made->about.id))), error_reason::not_found);
}

TEST(api_keys_of_users, are_kept_as_hashes_alone) {
  world here;
  const auto alice = here.add("alice");
  const auto made = run(here.face->create_key(alice->id, "k"));
  const auto given = here.log_in("alice");
  const std::string secrets[] = {std::string(made->key.reveal()), std::string(given->refresh_token.reveal()),
                                 good_password};
  for (const char* name : {"identity.db", "identity.db-wal"}) {
    std::ifstream file(here.scratch / name, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    for (const std::string& secret : secrets)
      EXPECT_EQ(bytes.find(secret), std::string::npos) << name;
  }
}

TEST(api_keys_of_users, have_names_and_a_bound) {
  settings told = quick_settings();
  told.keys_per_user_max = 2;
  world here(told);
  const auto alice = here.add("alice");
  for (const std::string& name : {std::string(), std::string(65, 'a'), std::string("a\nb"), std::string("\xff"),
                                  std::string("a\0b", 3), std::string(10'000, 'a')}) {
    const auto refused = run(here.face->create_key(alice->id, name));
    EXPECT_EQ(reason_of(refused), error_reason::invalid_argument);
    EXPECT_EQ(refused.error().param, "name");
  }
  EXPECT_TRUE(run(here.face->create_key(alice->id, "my laptop 💻")));
  EXPECT_TRUE(run(here.face->create_key(alice->id, std::string(64, 'a'))));
  EXPECT_EQ(reason_of(run(here.face->create_key(alice->id, "c"))), error_reason::too_large);
  EXPECT_EQ(run(here.face->list_keys(alice->id))->size(), 2U);
}

TEST(api_keys_of_users, know_coarsely_when_they_were_used) {
  world here;
  const auto alice = here.add("alice");
  const auto made = run(here.face->create_key(alice->id, "k"));
  const auto last_used = [&] {
    EXPECT_TRUE(run(here.rules.write_key_uses()));
    return run(here.face->list_keys(alice->id))->front().last_used_at;
  };
  EXPECT_EQ(last_used(), std::nullopt);
  const time_point first = here.time.now();
  ASSERT_TRUE(here.identify(made->key));
  EXPECT_EQ(last_used(), first);
  here.time.advance(59s);
  ASSERT_TRUE(here.identify(made->key));
  EXPECT_EQ(last_used(), first);
  here.time.advance(1s);
  ASSERT_TRUE(here.identify(made->key));
  EXPECT_EQ(last_used(), first + 60s);
}

}  // namespace
}  // namespace sluice::identity
