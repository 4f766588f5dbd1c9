#include "admin/admin.hpp"

#include <map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "admin/module.hpp"
#include "base/ids.hpp"
#include "state/shared_state_memory.hpp"

namespace sluice::admin {
namespace {

template <class T>
T run_here(task<T> work) {
  asio::io_context loop(1);
  auto ended = asio::co_spawn(loop.get_executor(), std::move(work), asio::use_future);
  loop.run();
  return ended.get();
}

std::unexpected<error> away() {
  return failure(error_reason::unavailable, "away");
}

// Knows some accounts, and notes what was done to them.
class noted_accounts final : public identity::user_administration {
 public:
  std::map<std::string, identity::user> known;
  std::vector<std::string> done;
  std::optional<error> trouble;  ///< of whoever asks whether he may

  task<result<void>> may_administrate(identity::identified who) override {
    if (trouble) co_return std::unexpected(*trouble);
    const auto found = known.find(who.user_id);
    if (found == known.end()) co_return failure(error_reason::unauthenticated, "unknown");
    if (found->second.role != identity::role::admin) co_return failure(error_reason::permission_denied, "no admin");
    co_return result<void>();
  }
  task<result<identity::user_page>> list_users(identity::list_users_request) override {
    co_return identity::user_page();
  }
  task<result<std::vector<identity::user>>> find_users(std::vector<std::string> ids) override {
    std::vector<identity::user> found;
    for (const std::string& id : ids) {
      if (known.contains(id)) found.push_back(known.at(id));
    }
    co_return found;
  }
  task<result<identity::created_user>> create_user(identity::new_user wanted) override {
    done.push_back("create " + wanted.username);
    co_return identity::created_user{.who = {.id = "usr_new", .username = wanted.username},
                                     .password = secret_string("made")};
  }
  task<result<identity::user>> set_role(std::string id, identity::role to) override {
    done.push_back("role " + id);
    if (known.at(id).username == "last") co_return failure(error_reason::conflict, "the last admin");
    known.at(id).role = to;
    co_return known.at(id);
  }
  task<result<identity::user>> set_disabled(std::string id, bool to) override {
    done.push_back("disable " + id);
    known.at(id).disabled = to;
    co_return known.at(id);
  }
  task<result<secret_string>> reset_password(std::string id) override {
    done.push_back("password " + id);
    co_return secret_string("secret-of-the-test");
  }
  task<result<void>> end_sessions(std::string id) override {
    done.push_back("sessions " + id);
    co_return away();  // nobody knows whether it was done
  }
  task<result<std::vector<identity::api_key>>> list_keys_of(std::string) override {
    co_return std::vector<identity::api_key>();
  }
  task<result<identity::created_key>> create_key_for(std::string, std::string) override {
    co_return identity::created_key();
  }
  task<result<void>> revoke_key_of(std::string, std::string id) override {
    done.push_back("revoke " + id);
    co_return result<void>();
  }
};

class no_usage final : public agent::usage_reports {
 public:
  task<result<agent::usage_report>> report_usage(agent::usage_report_request) override {
    agent::usage_report made;
    for (int i = 0; i < 450; ++i)
      made.rows.push_back({.user_id = "usr_" + std::to_string(i % 410)});
    co_return made;
  }
};

class noted_audit final : public audit_log {
 public:
  std::vector<audit_event> events;
  bool is_away = false;

  task<result<void>> begin(audit_event event) override {
    if (is_away) co_return away();
    events.push_back(std::move(event));
    co_return result<void>();
  }
  task<result<void>> end(audit_event event) override {
    if (is_away) co_return away();
    for (audit_event& each : events) {
      if (each.id == event.id) each = event;
    }
    co_return result<void>();
  }
  task<result<std::vector<audit_event>>> list(list_audit_request asked) override {
    co_return std::vector<audit_event>(asked.limit + 1, audit_event{.id = "aud_1"});
  }
};

class state_in_sight final : public state::shared_state_memory {
 public:
  bool is_away = false;
  task<result<std::int64_t>> add(std::string key, std::int64_t amount, duration lifetime) override {
    if (is_away) co_return away();
    co_return co_await shared_state_memory::add(std::move(key), amount, lifetime);
  }
};

class counting_observer final : public observer {
 public:
  int actions = 0;
  int unrecorded = 0;
  void on_action(const audit_event&) override { ++actions; }
  void on_unrecorded(const audit_event&, const error&) override { ++unrecorded; }
};

class admin_test : public ::testing::Test {
 protected:
  admin_test() {
    people.known[root] = {.id = root, .username = "root", .role = identity::role::admin};
    people.known[bob] = {.id = bob, .username = "bob"};
  }
  actor by(const std::string& id, const std::string& key = {}) const {
    return {.who = {.user_id = id, .username = "root", .key_id = key},
            .from = {.address = "192.0.2.7", .request_id = "r1"}};
  }

  const std::string root = make_id("usr");
  const std::string bob = make_id("usr");
  noted_accounts people;
  no_usage usage;
  noted_audit audit;
  state_in_sight state;
  registered_nodes nodes{state};
  counting_observer observed;
  admin rules{people, usage, nodes, audit, state, &std::chrono::system_clock::now, observed};
};

TEST_F(admin_test, an_action_is_recorded_with_who_what_when_and_from_where) {
  ASSERT_TRUE(run_here(rules.set_role(by(root), bob, identity::role::admin)));
  ASSERT_EQ(audit.events.size(), 1U);
  const audit_event& event = audit.events[0];
  EXPECT_EQ(event.actor_id, root);
  EXPECT_EQ(event.actor_name, "root");
  EXPECT_EQ(event.address, "192.0.2.7");
  EXPECT_EQ(event.request_id, "r1");
  EXPECT_EQ(event.action, "user.set_role");
  EXPECT_EQ(event.details, "role admin");
  EXPECT_EQ(event.target_name, "bob");
  EXPECT_EQ(event.outcome, audit_outcome::done);
}

TEST_F(admin_test, a_made_account_is_the_target_and_its_password_is_nowhere) {
  ASSERT_TRUE(run_here(rules.create_user(by(root), {.username = "carol", .password = secret_string("hunter22!")})));
  ASSERT_TRUE(run_here(rules.reset_password(by(root), bob)));
  EXPECT_EQ(audit.events[0].target_id, "usr_new");
  EXPECT_EQ(audit.events[0].target_name, "carol");
  for (const audit_event& each : audit.events)
    EXPECT_EQ((each.details + each.problem).find("secret"), std::string::npos);
}

TEST_F(admin_test, what_identity_refuses_is_recorded_as_refused) {
  const std::string last = make_id("usr");
  people.known[last] = {.id = last, .username = "last", .role = identity::role::admin};
  EXPECT_EQ(run_here(rules.set_role(by(root), last, identity::role::user)).error().reason, error_reason::conflict);
  EXPECT_EQ(audit.events.at(0).outcome, audit_outcome::refused);
  EXPECT_EQ(audit.events.at(0).problem, "the last admin");
}

TEST_F(admin_test, what_nobody_knows_the_end_of_stays_begun) {
  EXPECT_FALSE(run_here(rules.end_sessions(by(root), bob)));
  EXPECT_EQ(audit.events.at(0).outcome, audit_outcome::begun);
  EXPECT_EQ(audit.events.at(0).problem, "away");
}

TEST_F(admin_test, nobody_locks_himself_out) {
  const std::string key = make_id("key");
  const auto conflict = error_reason::conflict;
  EXPECT_EQ(run_here(rules.set_role(by(root), root, identity::role::user)).error().reason, conflict);
  EXPECT_EQ(run_here(rules.set_disabled(by(root), root, true)).error().reason, conflict);
  EXPECT_EQ(run_here(rules.reset_password(by(root), root)).error().reason, conflict);
  EXPECT_EQ(run_here(rules.revoke_key(by(root, key), root, key)).error().reason, conflict);
  EXPECT_TRUE(people.done.empty());
  EXPECT_EQ(audit.events.size(), 4U);
  EXPECT_TRUE(run_here(rules.revoke_key(by(root, make_id("key")), root, key)));
  EXPECT_TRUE(run_here(rules.set_disabled(by(root), root, false)));
}

TEST_F(admin_test, only_who_is_an_admin_by_now_may_look_or_act) {
  EXPECT_EQ(run_here(rules.list_users(by(bob), {})).error().reason, error_reason::permission_denied);
  EXPECT_EQ(run_here(rules.list_nodes(by("usr_gone"))).error().reason, error_reason::unauthenticated);
  EXPECT_EQ(run_here(rules.create_user(by(bob), {.username = "x"})).error().reason, error_reason::permission_denied);
  people.known[root].role = identity::role::user;
  EXPECT_EQ(run_here(rules.set_disabled(by(root), bob, true)).error().reason, error_reason::permission_denied);
  EXPECT_TRUE(people.done.empty());
  EXPECT_TRUE(audit.events.empty());
}

TEST_F(admin_test, fixed_credentials_count_by_their_role) {
  actor script{.who = {.user_id = "usr_key_ops", .username = "ops", .role = identity::role::admin}, .fixed = true};
  EXPECT_TRUE(run_here(rules.set_disabled(script, bob, true)));
  script.who.role = identity::role::user;
  EXPECT_EQ(run_here(rules.set_disabled(script, bob, false)).error().reason, error_reason::permission_denied);
}

TEST_F(admin_test, with_shared_state_away_one_may_look_but_not_act) {
  state.is_away = true;
  EXPECT_TRUE(run_here(rules.list_users(by(root), {})));
  EXPECT_EQ(run_here(rules.set_disabled(by(root), bob, true)).error().reason, error_reason::unavailable);
  EXPECT_TRUE(people.done.empty());
}

TEST_F(admin_test, what_cannot_be_written_down_is_not_done) {
  audit.is_away = true;
  EXPECT_EQ(run_here(rules.set_disabled(by(root), bob, true)).error().reason, error_reason::unavailable);
  EXPECT_TRUE(people.done.empty());
  people.trouble = error{.reason = error_reason::unavailable, .message = "away"};
  EXPECT_EQ(run_here(rules.list_users(by(root), {})).error().reason, error_reason::unavailable);
}

TEST_F(admin_test, unknown_users_are_not_found_and_not_recorded) {
  for (const std::string& id : {std::string(), std::string("root"), make_id("usr"), std::string(100'000, 'x')})
    EXPECT_EQ(run_here(rules.set_disabled(by(root), id, true)).error().reason, error_reason::not_found);
  EXPECT_EQ(run_here(rules.revoke_key(by(root), bob, "key_")).error().reason, error_reason::not_found);
  EXPECT_TRUE(audit.events.empty());
}

TEST_F(admin_test, the_audit_log_is_read_in_pages) {
  const auto page = run_here(rules.list_audit(by(root), {.limit = 2}));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->events.size(), 2U);
  EXPECT_EQ(page->next, "aud_1");
  EXPECT_EQ(run_here(rules.list_audit(by(root), {.limit = 0})).error().param, "limit");
  EXPECT_EQ(run_here(rules.list_audit(by(root), {.limit = 201})).error().param, "limit");
  EXPECT_EQ(run_here(rules.list_audit(by(root), {.cursor = "' OR 1"})).error().param, "cursor");
}

TEST_F(admin_test, usage_names_its_users_and_nodes_say_what_they_count) {
  people.known["usr_7"] = {.id = "usr_7", .username = "seven"};
  people.known["usr_409"] = {.id = "usr_409", .username = "last of them"};
  const auto used = run_here(rules.report_usage(by(root), {}));
  ASSERT_TRUE(used);
  EXPECT_EQ(used->users.size(), 2U);
  state::node_registry registry(state);
  ASSERT_TRUE(run_here(registry.heartbeat({.id = "here", .role = "gateway", .counts = {{connections_count, 3}}})));
  const auto listed = run_here(rules.list_nodes(by(root)));
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->at(0).role, "gateway");
  EXPECT_EQ(listed->at(0).connections, 3U);
  EXPECT_FALSE(listed->at(0).generations);
}

}  // namespace
}  // namespace sluice::admin
