#include "agent/agent.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "agent/providers/mock.hpp"
#include "generation/answer.hpp"
#include "generation/cursor.hpp"

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;
using generation::status;

class silent_observer final : public observer {
 public:
  void on_started(const live_generation&) override { ++started; }
  void on_ended(const live_generation&, const generation::finish&) override { ++ended; }
  void on_broken(const live_generation&, std::exception_ptr) override { ++broken; }
  std::atomic<int> started = 0;
  std::atomic<int> ended = 0;
  std::atomic<int> broken = 0;
};

start_request ask(std::string text, std::string user = "usr_1") {
  start_request asked;
  asked.request.messages.push_back(
      {.role = generation::role::user, .parts = {{generation::text_part{std::move(text)}}}});
  asked.who.user_id = std::move(user);
  return asked;
}

// Reads to the end on its worker.
task<std::string> read_all(std::shared_ptr<generation::log> source) {
  async::wakeup growth(co_await asio::this_coro::executor);
  generation::cursor reader(source, 0, growth);
  std::string text;
  while (!reader.finished()) {
    while (const auto found = reader.next(generation::merging::neighbours, 1 << 16)) {
      if (found->kind == generation::delta_kind::text) text += source->copy(found->begin, found->end);
    }
    if (!reader.finished()) co_await growth.wait();
  }
  co_return text;
}

class agent_test : public testing::Test {
 protected:
  void build(const mock_settings& told, settings rules = {}) {
    rules.models = {{.name = "mock", .targets = {{.provider = "mock"}}}};
    rules.default_model = "mock";
    subject = std::make_unique<agent>(workers, rules,
                                      std::vector<std::shared_ptr<provider>>{std::make_shared<mock>(told)}, watcher);
    subject->begin();
    workers.start();
  }
  void TearDown() override { workers.stop(); }
  template <class T>
  T on_worker(task<T> work, std::size_t worker = 0) {
    return asio::co_spawn(workers[worker].get_executor(), std::move(work), asio::use_future).get();
  }
  std::shared_ptr<generation::log> log_of(const std::string& id, const std::string& user = "usr_1") {
    return on_worker(subject->follow({.user_id = user}, id, 0))->log;
  }

  async::worker_pool workers{2};
  silent_observer watcher;
  std::unique_ptr<agent> subject;
};

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

TEST_F(agent_test, draining_refuses_new_work_and_cancels_what_outlasts_it) {
  build({.delay = 0ms, .fault = mock_fault::stall});
  const auto log = log_of(on_worker(subject->start(ask("Hello")))->generation_id);
  on_worker(subject->drain(30ms));
  on_worker(read_all(log));
  EXPECT_EQ(log->ending().status, status::cancelled);
  EXPECT_EQ(on_worker(subject->start(ask("late"))).error().reason, error_reason::unavailable);
}

}  // namespace
}  // namespace sluice::agent
