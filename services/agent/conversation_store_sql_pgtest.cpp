// Conversations while their PostgreSQL goes away and comes back.
#include "agent/agent_testing.hpp"
#include "store/postgres_testing.hpp"

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;

class conversation_store_pgtest : public agent_fixture {
 protected:
  conversation_store_pgtest() { database_url = server_.url(); }

  start_request say(std::string text) {
    start_request asked = ask(std::move(text));
    asked.conversation_id = "new";
    return asked;
  }
  long long count(const std::string& rows) {
    return database
        ->read_now([query = "SELECT COUNT(*) FROM " + rows](soci::session& in) -> result<long long> {
          long long number = 0;
          in << query, soci::into(number);
          return number;
        })
        .value();
  }

  store::postgres_server server_;
};

TEST_F(conversation_store_pgtest, a_crash_of_the_database_delays_records_and_loses_none) {
  build({.delay = 0ms, .reasoning = false, .fault = mock_fault::stall, .fault_after = 3});
  std::vector<started> begun;
  for (int i = 0; i < 3; ++i)
    begun.push_back(*on_worker(subject->start(say("a"))));
  begun.push_back(*on_worker(subject->start(ask("one turn"))));
  server_.stop(SIGQUIT);
  const auto refused = on_worker(subject->start(say("b")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, error_reason::unavailable);
  for (const started& one : begun) {
    EXPECT_TRUE(on_worker(subject->cancel({.user_id = "usr_1"}, one.generation_id)));
    EXPECT_EQ(on_worker(read_all(log_of(one.generation_id))), "You");
  }
  EXPECT_EQ(outbox->records_waiting(), 4U);
  server_.start();
  while (records->waiting() != 0)
    std::this_thread::yield();
  EXPECT_EQ(count("usage_events"), 4);
  EXPECT_EQ(count("messages WHERE status = 'cancelled' AND words = 'You'"), 3);
}

TEST_F(conversation_store_pgtest, a_nul_in_a_system_prompt_cuts_nothing_off) {
  build({.delay = 0ms, .reasoning = false});
  const new_turn turn{.who = {.user_id = "usr_1"},
                      .conversation_id = "conv_1",
                      .begins_conversation = true,
                      .title = "t",
                      .system = std::string("be\0brief", 8),
                      .said = {{.id = "msg_1", .said = user_says(std::string("a\0b", 3))}},
                      .answer_id = "msg_2",
                      .generation_id = "gen_1"};
  const auto place = on_worker(kept->begin_turn(turn, {}));
  ASSERT_TRUE(place) << place.error().detail;
  EXPECT_EQ(place->system, "be brief");
  const auto path = on_worker(kept->read_path("conv_1", "msg_1", 1000));
  ASSERT_TRUE(path);
  EXPECT_EQ(std::get<generation::text_part>(path->at(0).parts.at(0).what).text, std::string("a\0b", 3));
}

}  // namespace
}  // namespace sluice::agent
