#include "identity/revocation_feed.hpp"

#include <future>

#include <gtest/gtest.h>

#include "async/worker_pool.hpp"
#include "identity/identity_testing.hpp"
#include "limits/limiter_memory.hpp"

namespace sluice::identity {
namespace {

using namespace std::chrono_literals;

TEST(revocations, begin_from_now_on_and_go_on_from_a_number) {
  world here;
  const auto alice = here.add("alice");
  const auto first = here.log_in("alice");
  const auto second = here.log_in("alice");
  ASSERT_TRUE(run(here.face->log_out(alice->id, first->session_id)));
  here.hear_revocations();

  const auto begun = run(here.face->follow_revocations(0, 0ms));
  ASSERT_TRUE(begun);
  EXPECT_TRUE(begun->revoked.empty());
  EXPECT_GT(begun->last, 0U);
  ASSERT_TRUE(run(here.face->log_out_everywhere(alice->id)));
  here.hear_revocations();
  const auto next = run(here.face->follow_revocations(begun->last, 10s));
  ASSERT_TRUE(next && next->revoked.size() == 1);
  EXPECT_EQ(next->revoked[0].number, begun->last + 1);
  EXPECT_EQ(next->last, begun->last + 1);
  EXPECT_EQ(next->revoked[0].user_id, alice->id);
  EXPECT_EQ(next->revoked[0].session_id, second->session_id);
  EXPECT_EQ(next->revoked[0].key_id, "");
}

TEST(revocations, of_each_kind_say_what_they_cover) {
  world here;
  const auto alice = here.add("alice");
  const auto given = here.log_in("alice");
  const auto key = run(here.face->create_key(alice->id, "k"));
  const auto begun = run(here.face->follow_revocations(0, 0ms));
  ASSERT_TRUE(run(here.face->revoke_key(alice->id, key->about.id)));
  ASSERT_TRUE(run(here.accounts->set_disabled("alice", true)));
  here.hear_revocations();
  const auto batch = run(here.face->follow_revocations(begun->last, 10s));
  ASSERT_TRUE(batch && batch->revoked.size() == 3);
  EXPECT_EQ(batch->revoked[0].key_id, key->about.id);
  EXPECT_EQ(batch->revoked[1].session_id, given->session_id);
  EXPECT_EQ(batch->revoked[2].session_id + batch->revoked[2].key_id, "");
  EXPECT_EQ(batch->revoked[2].user_id, alice->id);
}

TEST(revocations, come_in_batches_without_gaps) {
  world here;
  const auto alice = here.add("alice");
  const auto begun = run(here.face->follow_revocations(0, 0ms));
  for (int i = 0; i < 60; ++i) {
    const auto given = here.log_in("alice");
    ASSERT_TRUE(given && run(here.face->log_out(alice->id, given->session_id)));
  }
  here.hear_revocations();
  std::uint64_t last = begun->last;
  while (last < begun->last + 60) {
    const auto batch = run(here.face->follow_revocations(last, 0ms));
    ASSERT_TRUE(batch && !batch->revoked.empty());
    for (const revocation& each : batch->revoked)
      EXPECT_EQ(each.number, ++last);
    EXPECT_EQ(batch->last, last);
  }
}

TEST(revocations, from_the_future_are_those_from_now_on) {
  world here;
  const auto begun = run(here.face->follow_revocations(0, 0ms));
  EXPECT_EQ(run(here.face->follow_revocations(1'000'000, 0ms))->last, begun->last);
}

TEST(revocations, are_waited_for_until_every_node_knows_them) {
  world here;
  revocation_feed& feed = here.rules.revocations();
  run(feed.await_followers());  // nobody follows
  const auto alice = here.add("alice");
  ASSERT_TRUE(here.log_in("alice") && run(here.face->log_out_everywhere(alice->id)));
  const std::uint64_t newest = *run(here.store.newest_revocation());
  feed.note_known("a", newest);
  feed.note_known("b", newest - 1);
  const auto begun = std::chrono::steady_clock::now();
  auto waiting = std::async(std::launch::async, [&] { run(feed.await_followers()); });
  EXPECT_EQ(waiting.wait_for(20ms), std::future_status::timeout);
  feed.note_known("b", newest);
  waiting.get();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 200ms);

  feed.note_known("b", newest - 1);  // and says no more
  run(feed.await_followers());
}

// The module as `apps` runs it, with somebody else working on the same file.
TEST(module, makes_an_admin_once_and_hears_of_other_processes) {
  const store::scratch_directory scratch;
  async::worker_pool workers(2);
  telemetry::metric_registry metrics(workers.size());
  const telemetry::logger log({.level = telemetry::log_level::off});
  limits::limiter_memory limiter;
  state::shared_state_memory state;
  const auto database = store::must_open(scratch / "identity.db");
  settings told = quick_settings();
  told.revocation_poll = 5ms;

  module made(workers, *database, limiter, state, told, metrics, log);
  const auto first = made.prepare();
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->username, "admin");
  telemetry::metric_registry others(workers.size());
  EXPECT_FALSE(*module(workers, *database, limiter, state, told, others, log).prepare());
  made.begin();
  workers.start();
  const auto on = [&workers](std::size_t worker, auto work) {
    return asio::co_spawn(workers[worker].get_executor(), std::move(work), asio::use_future).get();
  };

  const auto given = on(1, made.face().log_in({"admin", (*first)->password}, {}));
  ASSERT_TRUE(given);
  EXPECT_EQ(given->who.role, role::admin);
  ASSERT_TRUE(on(0, made.face().identify(given->access_token)));
  const auto begun = on(1, made.face().follow_revocations(0, 0ms));

  const auto beside = store::must_open(scratch / "identity.db");
  const auto accounts = must_open_accounts(*beside, told);
  ASSERT_TRUE(run(accounts->set_password("admin", secret_string(good_password))));
  const auto heard = on(1, made.face().follow_revocations(begun->last, 30s));
  ASSERT_TRUE(heard && heard->revoked.size() == 1);
  EXPECT_EQ(heard->revoked[0].session_id, given->session_id);
  EXPECT_FALSE(on(0, made.face().identify(given->access_token)));
  EXPECT_TRUE(on(0, made.face().log_in({"admin", secret_string(good_password)}, {})));

  asio::co_spawn(workers[0].get_executor(), made.stop(), asio::use_future).get();
  workers.stop();
}

}  // namespace
}  // namespace sluice::identity
