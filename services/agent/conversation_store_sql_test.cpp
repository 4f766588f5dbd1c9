#include "agent/conversation_store_sql.hpp"

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "agent/agent_testing.hpp"
#include "agent/ended_generation.hpp"
#include "base/ids.hpp"

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;

class conversation_store_sql_test : public agent_fixture {
 protected:
  long long count(const std::string& query) {
    return *database->read_now([query](soci::session& in) -> result<long long> {
      long long number = 0;
      in << query, soci::into(number);
      return number;
    });
  }
  start_request say(std::string text, const std::string& conversation) {
    start_request asked = ask(std::move(text));
    asked.conversation_id = conversation;
    return asked;
  }
};

TEST_F(conversation_store_sql_test, a_record_as_text_loses_nothing) {
  ended_generation ended{.id = "gen_1",
                         .who = {.user_id = "usr_1", .key_id = "key_1"},
                         .conversation_id = "conv_1",
                         .message_id = "msg_1",
                         .model = "m",
                         .answer = user_says("a\"\n漢"),
                         .how = {.provider = "p", .attempts = 3},
                         .last_number = 7,
                         .ended_at = time_point(std::chrono::milliseconds(1'790'000'000'123))};
  const std::string text = to_text(ended);
  const auto read = parse_ended_generation(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(to_text(**read), text);
  EXPECT_EQ((*read)->ended_at, ended.ended_at);
  EXPECT_EQ((*read)->who.key_id, "key_1");
  for (const char* bad : {"", "[]", "{}", R"({"answer":"{}"})"})
    EXPECT_FALSE(parse_ended_generation(bad)) << bad;
}

TEST_F(conversation_store_sql_test, recording_again_changes_nothing) {
  build({.delay = 0ms});
  answer_to(say("a", "new"));
  const auto again = std::make_shared<ended_generation>(ended_generation{.id = last.generation_id,
                                                                         .who = {.user_id = "usr_1"},
                                                                         .conversation_id = last.conversation_id,
                                                                         .message_id = last.message_id,
                                                                         .answer = user_says("forged"),
                                                                         .how = {.attempts = 1}});
  for (int i = 0; i < 2; ++i)
    EXPECT_TRUE(on_worker(kept->record({again, again})));
  EXPECT_EQ(count("SELECT COUNT(*) FROM usage_events"), 1);
  EXPECT_EQ(count("SELECT COUNT(*) FROM messages WHERE words = 'forged'"), 0);
}

TEST_F(conversation_store_sql_test, ten_thousand_messages_are_read_by_pages) {
  build({.delay = 0ms, .reasoning = false}, {.models = {}});
  answer_to(say("first", "new"));
  const std::string id = last.conversation_id;
  ASSERT_TRUE(database->write_now([&](soci::session& in) -> result<void> {
    std::string parent = last.message_id;
    for (long long position = 2; position < 10'000; ++position) {
      const std::string message = make_id("msg");
      const std::string role = position % 2 == 0 ? "user" : "assistant";
      in << "INSERT INTO messages VALUES (:id, :c, :p, :parent, :role, 'completed', 'some words', '', 26, '', 0)",
          soci::use(message), soci::use(id), soci::use(position), soci::use(parent), soci::use(role);
      parent = message;
    }
    in << "UPDATE conversations SET message_count = 10000, newest_message_id = :newest", soci::use(parent);
    return {};
  }));
  const auto begin = std::chrono::steady_clock::now();
  std::string cursor;
  std::size_t read = 0;
  do {
    const auto page = on_worker(stored->read_conversation({.user_id = "usr_1"}, id, cursor, 1000));
    ASSERT_TRUE(page);
    read += page->messages.size();
    cursor = page->next;
  } while (!cursor.empty());
  EXPECT_EQ(read, 10'000U);
  EXPECT_TRUE(answer_to(say("last", id)).starts_with("You said: \"last\""));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);  // a slow machine under a sanitizer
  EXPECT_EQ(on_worker(stored->read_conversation({.user_id = "usr_1"}, id, "x", 10)).error().param, "cursor");
}

TEST_F(conversation_store_sql_test, what_lists_and_finds_goes_by_an_index) {
  build({.delay = 0ms});
  for (const char* query :
       {"SELECT id FROM conversations c WHERE c.user_id = 'u' AND c.archived = 0 AND (c.updated_at_ms, c.id) < (1, 'x')"
        " ORDER BY c.updated_at_ms DESC, c.id DESC LIMIT 51",
        "SELECT id FROM messages WHERE conversation_id = 'c' AND position >= 5 ORDER BY position LIMIT 5",
        "SELECT MAX(g.id) FROM generations g WHERE g.conversation_id = 'c' AND g.status = 'running'",
        "SELECT id FROM generations WHERE status = 'running'",
        "SELECT model FROM usage_events WHERE user_id = 'u' AND ended_at_ms >= 1 AND ended_at_ms < 2"}) {
    const std::string plan = *database->read_now([query](soci::session& in) -> result<std::string> {
      std::string all;
      const soci::rowset<soci::row> rows = (in.prepare << std::string("EXPLAIN QUERY PLAN ") + query);
      for (const soci::row& row : rows)
        all += row.get<std::string>(3) + "\n";
      return all;
    });
    EXPECT_TRUE(plan.contains("USING INDEX") || plan.contains("USING COVERING INDEX")) << query << "\n" << plan;
    EXPECT_FALSE(plan.contains("TEMP B-TREE")) << query << "\n" << plan;
  }
}

// Another process that holds the database's lock.
class lock_holder {
 public:
  explicit lock_holder(const std::filesystem::path& file) : held_(soci::sqlite3, "dbname=" + file.string()) {
    held_ << "PRAGMA busy_timeout = 10000";  // our own process may be writing at this moment
    held_ << "BEGIN IMMEDIATE";
  }
  void release() { held_ << "ROLLBACK"; }

 private:
  soci::session held_;
};

TEST_F(conversation_store_sql_test, a_lost_database_delays_records_and_loses_none) {
  build({.delay = 0ms, .reasoning = false, .fault = mock_fault::stall, .fault_after = 3});
  std::vector<started> begun;
  for (int i = 0; i < 3; ++i)
    begun.push_back(*on_worker(subject->start(say("a", "new"))));
  begun.push_back(*on_worker(subject->start(ask("one turn"))));
  lock_holder other(scratch / "data.db");
  const auto refused = on_worker(subject->start(say("b", "new")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, error_reason::unavailable);
  for (const started& one : begun) {
    EXPECT_TRUE(on_worker(subject->cancel({.user_id = "usr_1"}, one.generation_id)));
    EXPECT_EQ(on_worker(read_all(log_of(one.generation_id))), "You");
  }
  EXPECT_EQ(count_of(record_trouble::waits), 4);
  EXPECT_EQ(records->waiting(), 4U);
  EXPECT_EQ(outbox->records_waiting(), 4U);
  EXPECT_EQ(count("SELECT COUNT(*) FROM usage_events"), 0);
  other.release();
  while (records->waiting() != 0)
    std::this_thread::yield();
  EXPECT_EQ(count("SELECT COUNT(*) FROM usage_events"), 4);
  EXPECT_EQ(count("SELECT COUNT(*) FROM messages WHERE status = 'cancelled' AND words = 'You'"), 3);
}

TEST_F(conversation_store_sql_test, what_could_not_be_recorded_is_not_begun) {
  waiting_bytes_max = 1;
  build({.delay = 0ms, .reasoning = false});
  lock_holder other(scratch / "data.db");
  answer_to(ask("one turn"));
  const auto refused = on_worker(subject->start(ask("another")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, error_reason::unavailable);
  EXPECT_TRUE(refused.error().retry_after);
  other.release();
  while (records->waiting() != 0)
    std::this_thread::yield();
  EXPECT_TRUE(on_worker(subject->start(ask("another"))));
}

TEST_F(conversation_store_sql_test, what_waits_in_the_outbox_survives_the_process) {
  build({.delay = 0ms, .reasoning = false, .fault = mock_fault::stall, .fault_after = 3});
  const auto begun = on_worker(subject->start(say("a", "new")));
  ASSERT_TRUE(begun);
  const auto log = log_of(begun->generation_id);
  lock_holder other(scratch / "data.db");
  ASSERT_TRUE(on_worker(subject->cancel({.user_id = "usr_1"}, begun->generation_id)));
  on_worker(read_all(log));
  close();  // with the lock held: the record cannot have been written
  other.release();
  open();
  EXPECT_EQ(interrupted, 0U);
  EXPECT_EQ(count("SELECT COUNT(*) FROM usage_events WHERE status = 'cancelled'"), 1);
  EXPECT_EQ(count("SELECT COUNT(*) FROM messages WHERE status = 'cancelled' AND words = 'You'"), 1);
}

TEST_F(conversation_store_sql_test, what_waits_in_the_outbox_is_in_its_conversation) {
  build({.delay = 0ms, .reasoning = false, .fault = mock_fault::stall, .fault_after = 3});
  const auto begun = on_worker(subject->start(say("a", "new")));
  ASSERT_TRUE(begun);
  lock_holder other(scratch / "data.db");
  ASSERT_TRUE(on_worker(subject->cancel({.user_id = "usr_1"}, begun->generation_id)));
  on_worker(read_all(log_of(begun->generation_id)));
  const auto read = on_worker(stored->read_conversation({.user_id = "usr_1"}, begun->conversation_id, "", 10));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->messages.size(), 2U);
  EXPECT_EQ(read->messages[1].status, message_status::cancelled);
  EXPECT_EQ(read->messages[1].content.size(), 1U);
  EXPECT_TRUE(read->messages[1].usage);
  EXPECT_EQ(read->about.live_generation_id, "");
  other.release();
}

TEST_F(conversation_store_sql_test, the_next_turn_sees_an_answer_whose_record_waits) {
  build({.delay = 0ms, .reasoning = false});
  answer_to(say("first", "new"));
  const auto waiting = std::make_shared<ended_generation>(
      ended_generation{.id = make_id("gen"),
                       .who = {.user_id = "usr_1"},
                       .conversation_id = last.conversation_id,
                       .message_id = make_id("msg"),
                       .answer = {.role = generation::role::assistant, .parts = {{generation::text_part{"late"}}}},
                       .how = {.attempts = 1}});
  const new_turn earlier{.who = {.user_id = "usr_1"},
                         .conversation_id = last.conversation_id,
                         .said = {{.id = make_id("msg"), .said = user_says("second")}},
                         .answer_id = waiting->message_id,
                         .generation_id = waiting->id};
  ASSERT_TRUE(on_worker(kept->begin_turn(earlier, {})));
  new_turn next = earlier;
  next.said[0].id = make_id("msg");
  next.answer_id = make_id("msg");
  next.generation_id = make_id("gen");
  const auto place = on_worker(kept->begin_turn(next, {waiting}));
  ASSERT_TRUE(place);
  EXPECT_EQ(place->parent_id, waiting->message_id);
  const auto path = on_worker(kept->read_path(last.conversation_id, place->parent_id, 1000));
  ASSERT_TRUE(path);
  EXPECT_EQ(path->size(), 4U);
}

}  // namespace
}  // namespace sluice::agent
