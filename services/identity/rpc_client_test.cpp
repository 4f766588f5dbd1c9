// What only a client of the wire has to do: check by itself, keep up, and go on while identity is away.
#include <gtest/gtest.h>

#include "identity/rpc_wire_testing.hpp"

namespace sluice::identity {
namespace {

using namespace std::chrono_literals;

// Two nodes on one database, the second one with a memory of its own; and whoever is a client of them.
struct cluster : world {
  cluster() { must(run(second_rules.start())); }

  clock hands() {
    return [this] { return time.now(); };
  }
  std::string start(std::unique_ptr<wire_node>& node, identity& which, const std::string& listen = "127.0.0.1:0",
                    milliseconds poll = 5ms) {
    node = std::make_unique<wire_node>(ground, which, listen, poll);
    return node->server->address();
  }
  void connect(std::vector<std::string> addresses, rpc_client_settings told = {}) {
    client = std::make_unique<wire_client>(ground, std::move(addresses), hands(), std::move(told));
  }
  void start_and_connect() {
    connect({start(first, rules)});
    client->wait_until_complete();
  }
  service& far() { return client->face(); }
  error_reason far_identify(const secret_string& credential) { return reason_of(run(far().identify(credential))); }
  // Becomes true at once or soon.
  bool is_refused_soon(const secret_string& credential) {
    const auto until = std::chrono::steady_clock::now() + 1s;
    while (std::chrono::steady_clock::now() < until) {
      if (far_identify(credential) == error_reason::unauthenticated) return true;
    }
    return false;
  }

  identity second_rules{store, limiter, state, quick_settings(), hands(), observed};
  wire_ground ground;
  std::unique_ptr<wire_node> first;
  std::unique_ptr<wire_node> second;
  std::unique_ptr<wire_client> client;
};

constexpr error_reason fine = error_reason::not_implemented;  // as `reason_of` says it

TEST(rpc_client, checks_tokens_by_itself) {
  cluster here;
  const auto alice = here.add("alice");
  const auto given = here.log_in("alice");
  here.start_and_connect();
  here.first.reset();
  // Never seen before, and nobody to ask.
  const auto who = run(here.far().identify(given->access_token));
  ASSERT_TRUE(who) << who.error().message;
  EXPECT_EQ(who->user_id, alice->id);
  EXPECT_EQ(who->username, "alice");
  EXPECT_EQ(who->role, role::user);
  EXPECT_EQ(who->session_id, given->session_id);
  EXPECT_EQ(who->key_id, "");
  EXPECT_EQ(who->expires_at, given->expires_at);
  here.time.advance(16min);
  EXPECT_EQ(here.far_identify(given->access_token), error_reason::unauthenticated);
}

TEST(rpc_client, with_identity_away_what_needs_it_is_unavailable_and_says_when_to_come_back) {
  cluster here;
  const auto alice = here.add("alice");
  const auto given = here.log_in("alice");
  const auto key = run(here.rules.create_key(alice->id, "used"));
  const auto unused = run(here.rules.create_key(alice->id, "unused"));
  here.start_and_connect();
  EXPECT_EQ(here.far_identify(key->key), fine);
  here.first.reset();
  const auto expect_away = [](const auto& got) {
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().reason, error_reason::unavailable) << got.error().message;
    EXPECT_TRUE(got.error().retry_after);
  };
  expect_away(run(here.far().log_in({"alice", secret_string(good_password)}, {})));
  expect_away(run(here.far().refresh(given->refresh_token, {})));
  expect_away(run(here.far().register_user({"bob", secret_string(good_password)}, {})));
  expect_away(run(here.far().log_out(alice->id, given->session_id)));
  expect_away(run(here.far().find_user(alice->id)));
  expect_away(run(here.far().list_keys(alice->id)));
  expect_away(run(here.far().follow_revocations(0, 0ms)));
  expect_away(run(here.far().identify(unused->key)));
  expect_away(run(here.client->client->check(1s)));
  EXPECT_EQ(here.far_identify(given->access_token), fine);
  EXPECT_EQ(here.far_identify(key->key), fine);  // was asked for a moment ago
  here.time.advance(61s);
  expect_away(run(here.far().identify(key->key)));
}

TEST(rpc_client, what_was_revoked_stays_revoked_while_identity_is_away) {
  cluster here;
  const auto alice = here.add("alice");
  const auto before = here.log_in("alice");
  const auto later = here.log_in("alice");
  const auto kept = here.log_in("alice");
  ASSERT_TRUE(run(here.rules.log_out(alice->id, before->session_id)));
  here.start_and_connect();
  ASSERT_TRUE(run(here.far().log_out(alice->id, later->session_id)));
  here.first.reset();
  EXPECT_EQ(here.far_identify(before->access_token), error_reason::unauthenticated);
  EXPECT_EQ(here.far_identify(later->access_token), error_reason::unauthenticated);
  EXPECT_EQ(here.far_identify(kept->access_token), fine);
}

TEST(rpc_client, hears_of_what_was_revoked_while_identity_was_away) {
  cluster here;
  const auto alice = here.add("alice");
  const auto given = here.log_in("alice");
  const std::string address = here.start(here.first, here.rules);
  here.connect({address});
  here.client->wait_until_complete();
  EXPECT_EQ(here.far_identify(given->access_token), fine);
  here.first.reset();
  ASSERT_TRUE(run(here.rules.log_out(alice->id, given->session_id)));
  EXPECT_EQ(here.far_identify(given->access_token), fine);  // nobody could say so
  here.start(here.first, here.rules, address);
  const auto until = std::chrono::steady_clock::now() + wire_patience;
  while (here.far_identify(given->access_token) == fine)
    ASSERT_LT(std::chrono::steady_clock::now(), until);
}

TEST(rpc_client, hears_of_another_node_within_a_second) {
  cluster here;
  const auto alice = here.add("alice");
  const auto given = here.log_in("alice");
  const auto key = run(here.rules.create_key(alice->id, "k"));
  // The poll of the product, not of the tests.
  here.connect({here.start(here.first, here.rules, "127.0.0.1:0", settings().revocation_poll_followed)});
  here.client->wait_until_complete();
  EXPECT_EQ(here.far_identify(given->access_token), fine);
  EXPECT_EQ(here.far_identify(key->key), fine);
  ASSERT_TRUE(run(here.second_rules.log_out(alice->id, given->session_id)));
  ASSERT_TRUE(run(here.second_rules.revoke_key(alice->id, key->about.id)));
  EXPECT_TRUE(here.is_refused_soon(given->access_token));
  EXPECT_TRUE(here.is_refused_soon(key->key));
}

TEST(rpc_client, what_it_revokes_itself_is_revoked_at_once_whichever_node_did_it) {
  cluster here;
  const auto alice = here.add("alice");
  here.connect({here.start(here.first, here.rules, "127.0.0.1:0", 250ms),
                here.start(here.second, here.second_rules, "127.0.0.1:0", 250ms)});
  here.client->wait_until_complete();
  for (int round = 0; round < 8; ++round) {
    const auto given = here.log_in("alice");
    const auto key = run(here.rules.create_key(alice->id, "k"));
    ASSERT_EQ(here.far_identify(given->access_token), fine);
    ASSERT_EQ(here.far_identify(key->key), fine);
    ASSERT_TRUE(run(here.far().log_out_everywhere(alice->id)));
    EXPECT_EQ(here.far_identify(given->access_token), error_reason::unauthenticated);
    EXPECT_EQ(here.far_identify(key->key), fine);
    ASSERT_TRUE(run(here.far().revoke_key(alice->id, key->about.id)));
    EXPECT_EQ(here.far_identify(key->key), error_reason::unauthenticated);
  }
}

TEST(rpc_client, before_it_knows_all_it_asks) {
  cluster here;
  const auto alice = here.add("alice");
  const auto given = here.log_in("alice");
  const auto revoked = here.log_in("alice");
  ASSERT_TRUE(run(here.rules.log_out(alice->id, revoked->session_id)));
  const std::string address = here.start(here.first, here.rules);
  here.first.reset();
  here.connect({address});
  EXPECT_EQ(here.far_identify(given->access_token), error_reason::unavailable);
  EXPECT_FALSE(here.client->client->complete());
  here.start(here.first, here.rules, address);
  here.client->wait_until_complete();
  EXPECT_EQ(here.far_identify(given->access_token), fine);
  EXPECT_EQ(here.far_identify(revoked->access_token), error_reason::unauthenticated);
}

TEST(rpc_client, fetches_a_key_that_it_does_not_know_but_not_for_everybody) {
  cluster here;
  const auto alice = here.add("alice");
  here.start_and_connect();
  here.time.advance(24h * 31);
  world::must(run(here.rules.renew_signing_keys()));
  here.time.advance(6min);
  world::must(run(here.rules.renew_signing_keys()));
  const auto given = here.log_in("alice");
  EXPECT_EQ(here.far_identify(given->access_token), fine);

  const stored_signing_key foreign = make_signing_key(here.time.now());
  const token_keys forger({}, std::span(&foreign, 1), foreign.id);
  const secret_string forged = forger.sign({.token_id = "tok_01ARZ3NDEKTSV4RRFFQ69G5FAV",
                                            .user_id = alice->id,
                                            .session_id = given->session_id,
                                            .username = "alice",
                                            .role = role::admin,
                                            .issued_at = here.time.now(),
                                            .expires_at = here.time.now() + 15min});
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(here.far_identify(forged), error_reason::unauthenticated);
}

TEST(rpc_client, a_server_that_stops_lets_followers_go) {
  cluster here;
  here.start_and_connect();
  auto waiting = std::async(std::launch::async, [&] {
    const auto begun = run(here.far().follow_revocations(0, 0ms));
    return run(here.far().follow_revocations(begun->last, wire_patience));
  });
  EXPECT_EQ(waiting.wait_for(50ms), std::future_status::timeout);
  const auto before = std::chrono::steady_clock::now();
  here.first->server->stop(wire_patience);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
  EXPECT_EQ(reason_of(waiting.get()), error_reason::unavailable);
}

TEST(rpc_client, hostile_text_goes_through_as_it_is) {
  cluster here;
  here.start_and_connect();
  const std::string odd("\xff\xfe\0\x80", 4);
  EXPECT_EQ(reason_of(run(here.far().log_in({odd, secret_string(odd)}, {.address = odd, .request_id = "req_1"}))),
            reason_of(run(here.rules.log_in({odd, secret_string(odd)}, {}))));
  EXPECT_EQ(reason_of(run(here.far().register_user({odd, secret_string(good_password)}, {}))),
            error_reason::invalid_argument);
  EXPECT_EQ(reason_of(run(here.far().revoke_key(odd, odd))), error_reason::not_found);
  EXPECT_EQ(reason_of(run(here.far().find_user(odd))), error_reason::not_found);
  EXPECT_EQ(reason_of(run(here.far().find_user(std::string(1'000'000, 'u')))), error_reason::not_found);
}

}  // namespace
}  // namespace sluice::identity
