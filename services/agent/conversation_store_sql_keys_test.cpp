// Requests that come twice because their sender could not know whether they had arrived.
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "agent/agent_testing.hpp"

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;

class request_key_test : public agent_fixture {
 protected:
  static start_request keyed(std::string conversation, std::string digest = "d", std::string user = "usr_1") {
    start_request asked = ask("Hello", std::move(user));
    asked.conversation_id = std::move(conversation);
    asked.key = request_key{.value = "0123456789abcdef", .digest = std::move(digest)};
    return asked;
  }
  result<started> start(start_request asked) { return on_worker(subject->start(std::move(asked))); }
  std::future<result<started>> begin_start(start_request asked, std::size_t worker) {
    return asio::co_spawn((*workers)[worker].get_executor(), subject->start(std::move(asked)), asio::use_future);
  }
};

class request_key_lock_test : public request_key_test {};

TEST_F(request_key_test, of_a_request_that_was_begun_gives_what_was_begun) {
  build({.delay = 0ms});
  for (const char* conversation : {"new", ""}) {
    start_request asked = keyed(conversation);
    asked.key->value += *conversation == '\0' ? "-one-turn" : "-conversation";
    const auto first = start(asked);
    ASSERT_TRUE(first) << first.error().message;
    const auto again = start(asked);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->generation_id, first->generation_id);
    EXPECT_EQ(again->conversation_id, first->conversation_id);
    EXPECT_EQ(again->message_id, first->message_id);
    EXPECT_EQ(again->model, "mock");
    EXPECT_EQ(again->provider, "mock");
    EXPECT_FALSE(on_worker(read_all(log_of(again->generation_id))).empty());
  }
  EXPECT_EQ(watcher.started, 2);
}

TEST_F(request_key_test, of_many_that_come_at_once_is_one_request) {
  build({.delay = 0ms});
  std::vector<std::future<result<started>>> all;
  for (std::size_t i = 0; i < 16; ++i)
    all.push_back(begin_start(keyed("new"), i % 2));
  std::vector<std::string> ids;
  for (auto& one : all) {
    const auto begun = one.get();
    ASSERT_TRUE(begun) << begun.error().message;
    ids.push_back(begun->generation_id);
  }
  EXPECT_EQ(std::ranges::count(ids, ids[0]), 16);
  EXPECT_EQ(watcher.started, 1);
  EXPECT_EQ(on_worker(stored->list_conversations({.user_id = "usr_1"}, {}))->conversations.size(), 1U);
}

TEST_F(request_key_test, with_other_words_is_a_conflict_and_of_another_user_another_key) {
  build({.delay = 0ms});
  for (const char* conversation : {"new", ""}) {
    start_request asked = keyed(conversation);
    asked.key->value += *conversation == '\0' ? "-one-turn" : "-conversation";
    const auto first = start(asked);
    ASSERT_TRUE(first);
    start_request other = asked;
    other.key->digest = "e";
    const auto refused = start(other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, error_reason::conflict);
    EXPECT_EQ(refused.error().param, "idempotency_key");
    other.who.user_id = "usr_2";
    const auto theirs = start(other);
    ASSERT_TRUE(theirs);
    EXPECT_NE(theirs->generation_id, first->generation_id);
  }
}

TEST_F(request_key_test, of_a_request_that_was_refused_may_be_tried_anew) {
  build({.delay = 0ms, .fault = mock_fault::stall}, {.live_per_user_max = 1});
  const auto holder = start(ask("in the way"));
  ASSERT_TRUE(holder);
  EXPECT_EQ(start(keyed("new")).error().reason, error_reason::rate_limited);
  start_request nowhere = keyed("conv_01ARZ3NDEKTSV4RRFFQ69G5FAV");
  EXPECT_TRUE(on_worker(subject->cancel({.user_id = "usr_1"}, holder->generation_id)));
  on_worker(read_all(log_of(holder->generation_id)));
  while (subject->live() != 0)
    std::this_thread::yield();
  EXPECT_EQ(start(nowhere).error().reason, error_reason::not_found);  // took no key with it
  EXPECT_TRUE(start(keyed("new")));
}

TEST_F(request_key_test, is_known_when_its_user_can_begin_nothing_more) {
  build({.delay = 0ms, .fault = mock_fault::stall}, {.live_per_user_max = 1});
  const auto first = start(keyed("new"));
  ASSERT_TRUE(first);
  const auto again = start(keyed("new"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->generation_id, first->generation_id);
}

TEST_F(request_key_test, outlives_the_process_and_is_forgotten_after_its_time) {
  build({.delay = 0ms});
  const auto first = start(keyed("new"));
  ASSERT_TRUE(first);
  on_worker(read_all(log_of(first->generation_id)));
  restart();
  const auto again = start(keyed("new"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->generation_id, first->generation_id);
  EXPECT_FALSE(on_worker(read_all(log_of(again->generation_id))).empty());  // the stored answer
  EXPECT_TRUE(on_worker(kept->forget_keys(std::chrono::system_clock::now() - 1h)));
  EXPECT_EQ(start(keyed("new"))->generation_id, first->generation_id);
  EXPECT_TRUE(on_worker(kept->forget_keys(std::chrono::system_clock::now() + 1h)));
  EXPECT_NE(start(keyed("new"))->generation_id, first->generation_id);
}

TEST_F(request_key_lock_test, that_comes_again_while_the_first_waits_is_one_request) {
  build({.delay = 0ms});
  soci::session other(soci::sqlite3, (scratch / "data.db").string());
  other << "PRAGMA busy_timeout = 10000";  // our own process may be writing at this moment
  other << "BEGIN IMMEDIATE";
  auto first = begin_start(keyed("new"), 0);
  auto again = begin_start(keyed("new"), 1);
  other << "ROLLBACK";
  const auto one = first.get();
  const auto two = again.get();
  // Whether the lock was let go in time or not: never two.
  if (one && two) EXPECT_EQ(one->generation_id, two->generation_id);
  EXPECT_TRUE(start(keyed("new")));
  EXPECT_EQ(watcher.started, 1);
}

TEST_F(request_key_lock_test, that_cannot_be_kept_does_not_keep_a_single_turn_from_its_answer) {
  build({.delay = 0ms, .reasoning = false});
  soci::session other(soci::sqlite3, (scratch / "data.db").string());
  other << "PRAGMA busy_timeout = 10000";  // our own process may be writing at this moment
  other << "BEGIN IMMEDIATE";
  EXPECT_TRUE(start(keyed("")));
  EXPECT_EQ(start(keyed("new")).error().reason, error_reason::unavailable);
  other << "ROLLBACK";
}

}  // namespace
}  // namespace sluice::agent
