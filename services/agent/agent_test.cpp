#include "agent/agent.hpp"

#include "agent/agent_testing.hpp"
#include "generation/answer.hpp"

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;

using generation::status;

using agent_test = agent_fixture;

TEST_F(agent_test, runs_a_generation_to_its_end) {
  build({.delay = 0ms});
  const auto begun = on_worker(subject->start(ask("Hello é漢🙂")));
  ASSERT_TRUE(begun);
  EXPECT_EQ(begun->model, "mock");
  const auto log = log_of(begun->generation_id);
  EXPECT_TRUE(on_worker(read_all(log), 1).starts_with("You said: \"Hello é漢🙂\"."));
  EXPECT_EQ(log->ending().status, status::completed);
  EXPECT_EQ(log->ending().usage.input_tokens, 9);
  EXPECT_EQ(log->ending().usage.source, generation::usage_source::provider);
  EXPECT_FALSE(generation::collect(*log)[0].reasoning.empty());
}

TEST_F(agent_test, cancels_from_another_worker) {
  build({.delay = 0ms, .fault = mock_fault::stall, .fault_after = 3});
  const auto begun = on_worker(subject->start(ask("Hello")));
  const auto log = log_of(begun->generation_id);
  EXPECT_TRUE(on_worker(subject->cancel({.user_id = "usr_1"}, begun->generation_id), 1));
  on_worker(read_all(log));
  EXPECT_EQ(log->ending().status, status::cancelled);
  EXPECT_EQ(log->ending().reason(), generation::finish_reason::cancelled);
  EXPECT_TRUE(on_worker(subject->cancel({.user_id = "usr_1"}, begun->generation_id)));
}

TEST_F(agent_test, a_generation_belongs_to_its_user) {
  build({.delay = 0ms});
  const auto begun = on_worker(subject->start(ask("Hello")));
  for (const auto& refused : {on_worker(subject->follow({.user_id = "usr_2"}, begun->generation_id, 0)),
                              on_worker(subject->follow({.user_id = "usr_1"}, "gen_nonsense", 0))}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, error_reason::not_found);
  }
  EXPECT_FALSE(on_worker(subject->cancel({.user_id = "usr_2"}, begun->generation_id)));
  EXPECT_EQ(on_worker(subject->follow({.user_id = "usr_1"}, begun->generation_id, 1'000'000)).error().reason,
            error_reason::invalid_argument);
}

TEST_F(agent_test, a_provider_that_breaks_off_is_a_failed_generation_that_keeps_what_came) {
  build({.delay = 0ms, .reasoning = false, .fault = mock_fault::cut, .fault_after = 3});
  const auto log = log_of(on_worker(subject->start(ask("Hello")))->generation_id);
  EXPECT_EQ(on_worker(read_all(log)), "You");
  EXPECT_EQ(log->ending().status, status::failed);
  EXPECT_EQ(log->ending().problem->reason, error_reason::bad_gateway);
}

TEST_F(agent_test, nobody_following_ends_it_after_the_orphan_timeout) {
  build({.delay = 0ms, .fault = mock_fault::stall, .fault_after = 3}, {.orphan_timeout = 40ms});
  const auto log = log_of(on_worker(subject->start(ask("Hello")))->generation_id);
  while (!log->ended())
    std::this_thread::yield();
  EXPECT_EQ(log->ending().status, status::cancelled);
}

TEST_F(agent_test, who_asked_and_never_came_for_it_is_waited_for_less_long) {
  build({.delay = 0ms, .fault = mock_fault::stall, .fault_after = 3}, {.orphan_timeout = 4s});
  const auto left = log_of(on_worker(subject->start(ask("whose reader left")))->generation_id);
  start_request keyed = ask("whose asker will ask again");
  keyed.key = request_key{.value = "0123456789abcdef", .digest = "d"};
  ASSERT_TRUE(on_worker(subject->start(keyed)));
  EXPECT_TRUE(on_worker(subject->start(ask("whose asker never heard of it"))));
  while (watcher.ended == 0)
    std::this_thread::yield();
  EXPECT_FALSE(left->ended());
  const auto again = on_worker(subject->start(keyed));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->repeated);
  EXPECT_FALSE(log_of(again->generation_id)->ended());
}

TEST_F(agent_test, an_ended_generation_is_forgotten_after_the_grace) {
  build({.delay = 0ms}, {.grace = 30ms});
  const auto begun = on_worker(subject->start(ask("Hello")));
  while (on_worker(subject->follow({.user_id = "usr_1"}, begun->generation_id, 0)))
    std::this_thread::yield();
  EXPECT_EQ(watcher.ended, 1);
}

TEST_F(agent_test, one_user_cannot_take_everything) {
  build({.delay = 0ms, .fault = mock_fault::stall}, {.live_per_user_max = 2});
  EXPECT_TRUE(on_worker(subject->start(ask("1"))));
  EXPECT_TRUE(on_worker(subject->start(ask("2"))));
  const auto third = on_worker(subject->start(ask("3")));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().reason, error_reason::rate_limited);
  EXPECT_TRUE(third.error().retry_after);
  EXPECT_TRUE(on_worker(subject->start(ask("4", "usr_2"))));
}

TEST_F(agent_test, stops_at_the_output_limit_and_at_stop_sequences) {
  build({.delay = 0ms, .reasoning = false});
  start_request limited = ask("Hello");
  limited.request.max_output_tokens = 4;
  const auto cut = log_of(on_worker(subject->start(std::move(limited)))->generation_id);
  EXPECT_EQ(on_worker(read_all(cut)), "You ");
  EXPECT_EQ(cut->ending().status, status::incomplete);
  start_request stopped = ask("Hello");
  stopped.request.stop = {"\"Hello"};
  const auto ended = log_of(on_worker(subject->start(std::move(stopped)))->generation_id);
  EXPECT_EQ(on_worker(read_all(ended)), "You said: ");
  EXPECT_EQ(ended->ending().choices.at(0).stop_sequence, "\"Hello");
}

TEST_F(agent_test, draining_refuses_new_work_and_fails_what_outlasts_it) {
  build({.delay = 0ms, .fault = mock_fault::stall});
  const auto log = log_of(on_worker(subject->start(ask("Hello")))->generation_id);
  on_worker(subject->drain(30ms));
  on_worker(read_all(log));
  EXPECT_EQ(log->ending().status, status::failed);
  EXPECT_EQ(log->ending().problem.value_or(error{}).reason, error_reason::unavailable);
  EXPECT_EQ(log->ending().problem.value_or(error{}).retry_after, 1s);
  EXPECT_EQ(on_worker(subject->start(ask("late"))).error().reason, error_reason::unavailable);
}

}  // namespace
}  // namespace sluice::agent
