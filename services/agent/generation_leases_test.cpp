#include "agent/generation_leases.hpp"

#include "agent/agent_testing.hpp"
#include "agent/state_testing.hpp"

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;

// One agent writes an answer that comes to no end; another one looks for agents that are gone, at times of the test's.
class generation_leases_test : public agent_fixture {
 protected:
  void SetUp() override {
    build({.delay = 0ms, .fault = mock_fault::stall, .fault_after = 3});
    start_request asked = ask("Hello");
    asked.conversation_id = "new";
    const auto begun = on_worker(subject->start(std::move(asked)));
    ASSERT_TRUE(begun) << begun.error().message;
    id = begun->generation_id;
    looker = std::make_unique<generation_leases>(
        *workers, shared, *kept, agent_place{.owner = "looker", .address = "b"}, 1min, [](const std::string&) {}, log);
  }
  void TearDown() override {
    workers->run_first(looker->stop());
    agent_fixture::TearDown();
  }

  void look(std::chrono::milliseconds at) { on_worker(looker->look_for_lost(begin + at)); }
  void writer_renews() {
    ASSERT_TRUE(on_worker(generation_directory(shared).put_agent({.owner = subject->owner(), .address = "a"})));
  }
  // As the database has it, which is not asked of the writer here.
  std::string status_of_row() { return on_worker(kept->read_generation({.user_id = "usr_1"}, id))->about.status; }

  std::string id;
  const generation_leases::clock::time_point begin = generation_leases::clock::now();
  telemetry::logger log{{.level = telemetry::log_level::off}};
  moody_state shared;
  std::unique_ptr<generation_leases> looker;
};

TEST_F(generation_leases_test, what_an_agent_left_is_closed_soon_after_its_lease) {
  writer_renews();
  look(0s);
  look(10s);
  shared.pass(generation_directory::lease);
  look(11s);
  EXPECT_EQ(status_of_row(), "running");  // a look may come between two breaths of somebody who is late
  look(14s);
  EXPECT_EQ(status_of_row(), "interrupted");
}

TEST_F(generation_leases_test, who_renews_is_left_alone) {
  writer_renews();
  for (const auto at : {0s, 10s, 13s, 20s, 60s})
    look(at);
  EXPECT_EQ(status_of_row(), "running");
}

TEST_F(generation_leases_test, who_has_just_come_judges_nobody) {
  look(0s);
  look(9'900ms);
  EXPECT_EQ(status_of_row(), "running");
  look(10s);
  look(12'900ms);
  EXPECT_EQ(status_of_row(), "running");
  look(13s);
  EXPECT_EQ(status_of_row(), "interrupted");
}

TEST_F(generation_leases_test, shared_state_that_lost_all_it_knew_ends_nobody) {
  writer_renews();
  look(0s);
  look(10s);
  shared.pass(24h);  // as if it was started anew
  look(11s);
  look(14s);
  look(20s);
  EXPECT_EQ(status_of_row(), "running");
  writer_renews();
  look(21s);
  look(24s);
  look(31s);
  EXPECT_EQ(status_of_row(), "running");
}

TEST_F(generation_leases_test, shared_state_that_was_away_ends_nobody_until_it_was_there_for_a_lease) {
  look(0s);
  look(10s);
  shared.is_away = true;
  look(13s);
  shared.is_away = false;
  look(14s);
  look(17s);
  look(23'900ms);
  EXPECT_EQ(status_of_row(), "running");
  look(24s);
  look(27s);
  EXPECT_EQ(status_of_row(), "interrupted");
}

}  // namespace
}  // namespace sluice::agent
