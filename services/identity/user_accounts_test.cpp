#include "identity/user_accounts.hpp"

#include <gtest/gtest.h>

#include "base/ids.hpp"
#include "identity/identity_testing.hpp"

namespace sluice::identity {
namespace {

class user_accounts_test : public ::testing::Test {
 protected:
  user must_create(const std::string& name, role as = role::user) {
    return world::must(run(all.create_user({.username = name, .password = {}, .role = as}))).who;
  }
  std::vector<std::string> names(list_users_request asked) {
    std::vector<std::string> found;
    for (const user& each : world::must(run(all.list_users(std::move(asked)))).users)
      found.push_back(each.username);
    return found;
  }

  world here;
  user_administration& all = here.held->accounts();
};

TEST_F(user_accounts_test, a_made_password_is_good_for_a_sign_in) {
  const auto made = world::must(run(all.create_user({.username = "alice", .password = {}})));
  EXPECT_EQ(made.who.role, role::user);
  EXPECT_TRUE(here.log_in("alice", std::string(made.password.reveal())));
  const auto chosen = world::must(run(all.create_user({.username = "bob", .password = secret_string(good_password)})));
  EXPECT_TRUE(chosen.password.empty());
  EXPECT_TRUE(here.log_in("bob"));
}

TEST_F(user_accounts_test, names_and_passwords_are_checked_as_at_registration) {
  must_create("alice");
  EXPECT_EQ(reason_of(run(all.create_user({.username = "ALICE", .password = {}}))), error_reason::conflict);
  EXPECT_EQ(reason_of(run(all.create_user({.username = "а\u202Elice", .password = {}}))),
            error_reason::invalid_argument);
  EXPECT_EQ(reason_of(run(all.create_user({.username = "bob", .password = secret_string("short")}))),
            error_reason::invalid_argument);
}

TEST_F(user_accounts_test, lists_in_pages_without_gaps_or_repetitions) {
  for (int i = 0; i < 5; ++i) {
    must_create("user" + std::to_string(i));
    here.time.advance(milliseconds(1));
  }
  list_users_request asked{.limit = 2};
  std::vector<std::string> found;
  do {
    const auto page = world::must(run(all.list_users(asked)));
    EXPECT_LE(page.users.size(), 2U);
    for (const user& each : page.users)
      found.push_back(each.username);
    asked.cursor = page.next;
  } while (!asked.cursor.empty());
  EXPECT_EQ(found, (std::vector<std::string>{"user0", "user1", "user2", "user3", "user4"}));
}

TEST_F(user_accounts_test, finds_names_by_their_parts_in_any_case_and_takes_no_wildcards) {
  must_create("Ängström");
  must_create("a_b");
  must_create("axb", role::admin);
  const auto id = must_create("zed").id;
  EXPECT_EQ(names({.wanted = {.query = "GSTR"}}), (std::vector<std::string>{"Ängström"}));
  EXPECT_EQ(names({.wanted = {.query = "äng"}}), (std::vector<std::string>{"Ängström"}));
  EXPECT_EQ(names({.wanted = {.query = "a_b"}}), (std::vector<std::string>{"a_b"}));
  EXPECT_EQ(names({.wanted = {.query = "%"}}).size(), 0U);
  EXPECT_EQ(names({.wanted = {.query = "'; DROP TABLE users; --"}}).size(), 0U);
  EXPECT_EQ(names({.wanted = {.query = id}}), (std::vector<std::string>{"zed"}));
  EXPECT_EQ(names({.wanted = {.role = role::admin}}), (std::vector<std::string>{"axb"}));
  EXPECT_EQ(names({.wanted = {.disabled = true}}).size(), 0U);
}

TEST_F(user_accounts_test, bad_pages_are_refused) {
  const auto param = [&](list_users_request asked) { return run(all.list_users(std::move(asked))).error().param; };
  EXPECT_EQ(param({.limit = 0}), "limit");
  EXPECT_EQ(param({.limit = 201}), "limit");
  EXPECT_EQ(param({.limit = 4'000'000'000}), "limit");
  EXPECT_EQ(param({.cursor = "usr_"}), "cursor");
  EXPECT_EQ(param({.wanted = {.query = "\xFF"}}), "query");
  EXPECT_EQ(param({.wanted = {.query = std::string(65, 'a')}}), "query");
}

TEST_F(user_accounts_test, the_last_admin_stays) {
  const auto one = must_create("one", role::admin);
  const auto two = must_create("two", role::admin);
  EXPECT_TRUE(run(all.set_disabled(two.id, true)));
  EXPECT_EQ(reason_of(run(all.set_role(one.id, role::user))), error_reason::conflict);
  EXPECT_EQ(reason_of(run(all.set_disabled(one.id, true))), error_reason::conflict);
  EXPECT_TRUE(run(all.set_disabled(two.id, false)));
  EXPECT_EQ(world::must(run(all.set_role(one.id, role::user))).role, role::user);
  EXPECT_EQ(reason_of(run(all.set_role(two.id, role::user))), error_reason::conflict);
}

TEST_F(user_accounts_test, who_may_administrate_is_asked_anew_each_time) {
  must_create("root", role::admin);
  const auto made = world::must(
      run(all.create_user({.username = "alice", .password = secret_string(good_password), .role = role::admin})));
  const auto session = world::must(here.log_in("alice"));
  const auto by_token = world::must(here.identify(session.access_token));
  const auto key = world::must(run(all.create_key_for(made.who.id, "script")));
  const auto by_key = world::must(here.identify(key.key));
  EXPECT_TRUE(run(all.may_administrate(by_token)));
  EXPECT_TRUE(run(all.may_administrate(by_key)));

  ASSERT_TRUE(run(all.set_role(made.who.id, role::user)));
  EXPECT_EQ(reason_of(run(all.may_administrate(by_token))), error_reason::unauthenticated);  // its session has ended
  EXPECT_EQ(reason_of(run(all.may_administrate(by_key))), error_reason::permission_denied);
  EXPECT_FALSE(here.identify(session.access_token));
  ASSERT_TRUE(run(all.revoke_key_of(made.who.id, key.about.id)));
  EXPECT_EQ(reason_of(run(all.may_administrate(by_key))), error_reason::unauthenticated);
  EXPECT_FALSE(here.identify(key.key));
  EXPECT_EQ(reason_of(run(all.may_administrate({}))), error_reason::unauthenticated);
}

TEST_F(user_accounts_test, a_new_password_ends_the_sessions_and_the_old_one) {
  ASSERT_TRUE(here.add("alice"));
  const auto before = world::must(here.log_in("alice"));
  const auto password = world::must(run(all.reset_password(before.who.id)));
  EXPECT_FALSE(here.identify(before.access_token));
  EXPECT_FALSE(here.log_in("alice"));
  const auto after = world::must(here.log_in("alice", std::string(password.reveal())));
  ASSERT_TRUE(run(all.end_sessions(before.who.id)));
  EXPECT_FALSE(here.identify(after.access_token));
}

TEST_F(user_accounts_test, unknown_ids_are_not_found) {
  for (const std::string& id : {std::string(), std::string("usr_x"), make_id("usr"), std::string("' OR 1=1 --")}) {
    EXPECT_EQ(reason_of(run(all.set_role(id, role::admin))), error_reason::not_found);
    EXPECT_EQ(reason_of(run(all.set_disabled(id, true))), error_reason::not_found);
    EXPECT_EQ(reason_of(run(all.reset_password(id))), error_reason::not_found);
    EXPECT_EQ(reason_of(run(all.end_sessions(id))), error_reason::not_found);
    EXPECT_EQ(reason_of(run(all.list_keys_of(id))), error_reason::not_found);
    EXPECT_EQ(reason_of(run(all.create_key_for(id, "key"))), error_reason::not_found);
    EXPECT_EQ(reason_of(run(all.revoke_key_of(id, "key_1"))), error_reason::not_found);
    EXPECT_EQ(world::must(run(all.find_users({id}))).size(), 0U);
  }
}

TEST_F(user_accounts_test, a_key_goes_only_with_its_owner_named) {
  const auto alice = must_create("alice");
  const auto bob = must_create("bob");
  const auto key = world::must(run(all.create_key_for(alice.id, "k")));
  EXPECT_EQ(reason_of(run(all.revoke_key_of(bob.id, key.about.id))), error_reason::not_found);
  EXPECT_EQ(world::must(run(all.list_keys_of(alice.id))).size(), 1U);
}

}  // namespace
}  // namespace sluice::identity
