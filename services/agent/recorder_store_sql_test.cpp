#include <soci/soci.h>

#include "agent/agent_testing.hpp"
#include "agent/ended_generation.hpp"
#include "agent/recorder.hpp"
#include "base/ids.hpp"
#include "store/small_disk_testing.hpp"

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;

class recorder_test : public agent_fixture {
 protected:
  long long count(const std::string& query) {
    return *database->read_now([query](soci::session& in) -> result<long long> {
      long long number = 0;
      in << "SELECT COUNT(*) FROM " + query, soci::into(number);
      return number;
    });
  }
  void change(const std::string& statement) {
    ASSERT_TRUE(database->write_now([statement](soci::session& in) -> result<void> {
      in << statement;
      return {};
    }));
  }
  /// Answers that have begun, and come to no end by themselves.
  std::vector<started> begin_answers(int number) {
    std::vector<started> begun;
    for (int i = 0; i < number; ++i) {
      start_request asked = ask("a");
      asked.conversation_id = "new";
      begun.push_back(*on_worker(subject->start(std::move(asked))));
    }
    return begun;
  }
  void cancel(const std::vector<started>& begun) {
    for (const started& one : begun) {
      EXPECT_TRUE(on_worker(subject->cancel({.user_id = "usr_1"}, one.generation_id)));
      EXPECT_EQ(on_worker(read_all(log_of(one.generation_id))), "You");
    }
  }
  static task<> pass_a_turn() { co_await asio::post(co_await asio::this_coro::executor, use_task); }
  void keep_in_outbox(const std::string& text) { ASSERT_TRUE(on_worker(outbox->append(text))); }
  static std::string record_of(const std::string& model) {
    return to_text({.id = make_id("gen"), .who = {.user_id = "usr_1"}, .model = model, .how = {.attempts = 1}});
  }
  const mock_settings endless{.delay = 0ms, .reasoning = false, .fault = mock_fault::stall, .fault_after = 3};
};

TEST_F(recorder_test, one_that_is_refused_for_ever_keeps_none_behind_it) {
  build(endless);
  change(
      "CREATE TRIGGER curse BEFORE INSERT ON usage_events WHEN NEW.model = 'cursed'"
      " BEGIN SELECT RAISE(ABORT, 'cursed'); END");
  for (const std::string& text : {record_of("a"), record_of("cursed"), std::string("no record"), record_of("b")})
    keep_in_outbox(text);
  while (outbox->records_waiting() != 0)
    std::this_thread::yield();
  EXPECT_EQ(count("usage_events WHERE model IN ('a', 'b')"), 2);
  EXPECT_EQ(count("usage_events"), 2);
  EXPECT_EQ(count_of(record_trouble::set_aside), 2);
  EXPECT_FALSE(records->is_full());

  // Nothing of it is gone: without the cause it can take its way again.
  change("DROP TRIGGER curse");
  close();
  std::filesystem::rename(scratch / "outbox.refused", scratch / "outbox");
  open();
  EXPECT_EQ(count("usage_events WHERE model = 'cursed'"), 1);
}

TEST_F(recorder_test, what_ends_while_enough_is_on_its_way_goes_together) {
  patience = 30s;
  build(endless);
  std::promise<void> begun;
  std::promise<void> release;
  auto busy = std::async(std::launch::async, [&] {
    return database->write_now([&](soci::session&) -> result<void> {
      begun.set_value();
      release.get_future().wait();
      return {};
    });
  });
  begun.get_future().wait();
  std::vector<std::future<void>> recorded;
  const auto end_one = [&] {
    const ended_generation ended{
        .id = make_id("gen"), .who = {.user_id = "usr_1"}, .model = "m", .how = {.attempts = 1}};
    recorded.push_back(asio::co_spawn((*workers)[0].get_executor(),
                                      records->record(std::make_shared<const ended_generation>(ended)),
                                      asio::use_future));
  };
  // Writes are handed over one after the other, and wait behind the busy one.
  for (std::size_t waiting = 1; waiting <= 4; ++waiting) {
    end_one();
    while (database->activity().writes_waiting < waiting)
      std::this_thread::yield();
  }
  const std::uint64_t before = database->activity().writes;
  for (int i = 0; i < 20; ++i) {
    end_one();
    on_worker(pass_a_turn());
  }
  release.set_value();
  for (auto& one : recorded)
    one.get();
  EXPECT_TRUE(busy.get());
  EXPECT_EQ(count("usage_events"), 24);
  EXPECT_LT(database->activity().writes - before, 10);
}

TEST_F(recorder_test, a_store_that_refuses_everything_is_waited_for) {
  build(endless);
  change("CREATE TRIGGER curse BEFORE INSERT ON usage_events BEGIN SELECT RAISE(ABORT, 'cursed'); END");
  change("CREATE TRIGGER damage BEFORE UPDATE ON schema_migrations BEGIN SELECT RAISE(ABORT, 'damaged'); END");
  keep_in_outbox(record_of("a"));
  EXPECT_FALSE(on_worker(records->catch_up()));
  EXPECT_EQ(outbox->records_waiting(), 1U);
  EXPECT_EQ(count_of(record_trouble::set_aside), 0);
  change("DROP TRIGGER curse");
  while (outbox->records_waiting() != 0)
    std::this_thread::yield();
  EXPECT_EQ(count("usage_events WHERE model = 'a'"), 1);
}

TEST_F(recorder_test, one_refused_for_ever_does_not_keep_a_node_from_starting) {
  build(endless);
  change("CREATE TRIGGER curse BEFORE INSERT ON usage_events BEGIN SELECT RAISE(ABORT, 'cursed'); END");
  close();
  {
    auto opened = store::outbox::open({.file = scratch / "outbox"});
    ASSERT_TRUE(store::run((*opened)->append(record_of("a"))));
  }
  open();  // catches up
  EXPECT_EQ(count_of(record_trouble::set_aside), 1);
}

TEST_F(recorder_test, on_a_full_disk_what_has_begun_is_kept_over_the_end_of_the_process) {
  const bool ran = store::run_on_small_disk(scratch.path(), 4U << 20U, [this] {
    build(endless);
    const auto begun = begin_answers(5);
    {
      const store::ballast all(scratch / "ballast");
      cancel(begun);
      EXPECT_EQ(records->waiting(), 5U);
      EXPECT_EQ(outbox->records_waiting(), 5U);
      EXPECT_FALSE(records->is_full());
      on_worker(records->settle(0ms));
      EXPECT_EQ(count_of(record_trouble::lost), 0);
      close();
    }
    open();
    EXPECT_EQ(interrupted, 0U);
    EXPECT_EQ(count("usage_events WHERE status = 'cancelled'"), 5);
    EXPECT_EQ(count("messages WHERE status = 'cancelled' AND words = 'You'"), 5);
    close();
  });
  if (!ran) GTEST_SKIP() << "no file system may be mounted here";
}

TEST_F(recorder_test, what_nothing_can_keep_stops_new_ones_and_is_waited_for_or_told_of) {
  const bool ran = store::run_on_small_disk(scratch.path(), 4U << 20U, [this] {
    outbox_room_bytes = 0;
    build(endless);
    const auto begun = begin_answers(2);
    {
      const store::ballast all(scratch / "ballast");
      cancel(begun);
      EXPECT_EQ(count_of(record_trouble::in_memory), 2);
      EXPECT_TRUE(records->is_full());
      const auto refused = on_worker(subject->start(ask("another")));
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().reason, error_reason::unavailable);
      on_worker(records->settle(0ms));
      EXPECT_EQ(count_of(record_trouble::lost), 2);  // it would be, if the process ended now
    }
    on_worker(records->settle(1h));
    EXPECT_EQ(count_of(record_trouble::lost), 2);
    EXPECT_FALSE(records->is_full());
    while (records->waiting() != 0)
      std::this_thread::yield();
    EXPECT_EQ(count("messages WHERE status = 'cancelled' AND words = 'You'"), 2);
    EXPECT_TRUE(on_worker(subject->start(ask("another"))));
    close();
  });
  if (!ran) GTEST_SKIP() << "no file system may be mounted here";
}

}  // namespace
}  // namespace sluice::agent
