// What is PostgreSQL's own behind the database's face.
#include <future>
#include <thread>

#include "store/database_testing.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

std::string fresh_url() {
  static int last = 0;
  return shared_postgres().schema_url(std::to_string(++last));
}

result<void> execute(database& on, const std::string& statement) {
  return on.write_now([statement](soci::session& sql) -> result<void> {
    sql << statement;
    return {};
  });
}

TEST(postgres_database, nodes_that_start_at_once_make_one_schema) {
  const std::string url = fresh_url();
  std::vector<std::future<result<void>>> nodes;
  for (int i = 0; i < 8; ++i) {
    nodes.push_back(std::async(std::launch::async, [url] {
      return must_open({.url = url, .readers = 1, .writers = 1})->migrate("test", numbers_schema());
    }));
  }
  for (auto& each : nodes) {
    const auto done = each.get();
    EXPECT_TRUE(done) << done.error().message << done.error().detail;
  }
  const auto opened = must_open({.url = url});
  EXPECT_EQ(opened->read_now([](soci::session& sql) -> result<long long> {
    long long count = 0;
    sql << "SELECT count(*) FROM schema_migrations", soci::into(count);
    return count;
  }),
            1);
}

TEST(postgres_database, text_sorts_by_its_bytes) {
  const auto opened = must_open({.url = fresh_url()});
  ASSERT_TRUE(opened->migrate("test", std::vector<migration>{{1, "a", "CREATE TABLE a (x TEXT PRIMARY KEY);"}}));
  ASSERT_TRUE(execute(*opened, "INSERT INTO a (x) VALUES ('a'), ('B'), ('_'), ('0')"));
  EXPECT_EQ(opened->read_now([](soci::session& sql) -> result<std::string> {
    std::string all;
    const soci::rowset<std::string> rows = (sql.prepare << "SELECT x FROM a ORDER BY x");
    for (const std::string& each : rows)
      all += each;
    return all;
  }),
            "0B_a");
}

TEST(postgres_database, errors_have_reasons_and_no_values) {
  const auto opened = must_open({.url = fresh_url(), .busy_timeout = 50ms});
  ASSERT_TRUE(opened->migrate("test", numbers_schema()));
  const auto insert = [](soci::session& sql) -> result<void> {
    const long long n = 731'731;
    const std::string word = "s3cret";
    sql << "INSERT INTO numbers (n, word) VALUES (:n, :word)", soci::use(n), soci::use(word);
    return {};
  };
  ASSERT_TRUE(opened->write_now(insert));
  const auto twice = opened->write_now(insert);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().reason, error_reason::conflict);
  EXPECT_FALSE((twice.error().message + twice.error().detail).contains("731731")) << twice.error().detail;
  EXPECT_FALSE((twice.error().message + twice.error().detail).contains("s3cret")) << twice.error().detail;
  EXPECT_EQ(execute(*opened, "NONSENSE").error().reason, error_reason::internal);
  EXPECT_EQ(opened->write_now([](soci::session&) -> result<void> { throw std::runtime_error("x"); }).error().reason,
            error_reason::internal);
  EXPECT_EQ(opened->read_now(count_numbers), 1);  // the connections go on
}

TEST(postgres_database, reads_cannot_write_and_see_one_state) {
  const auto opened = must_open({.url = fresh_url()});
  ASSERT_TRUE(opened->migrate("test", numbers_schema()));
  EXPECT_FALSE(opened->read_now([](soci::session& sql) { return insert_number(sql, 1); }));
  const auto seen = opened->read_now([&](soci::session& sql) -> result<long long> {
    const auto before = count_numbers(sql);
    EXPECT_TRUE(opened->write_now([](soci::session& other) { return insert_number(other, 2); }));
    EXPECT_EQ(count_numbers(sql), before.value());
    return before;
  });
  EXPECT_EQ(seen, 0);
  EXPECT_EQ(opened->read_now(count_numbers), 1);
}

TEST(postgres_database, a_read_without_end_is_broken_off) {
  const auto opened = must_open({.url = fresh_url(), .readers = 1, .read_timeout = 50ms});
  const auto endless = opened->read_now([](soci::session& sql) -> result<void> {
    sql << "SELECT pg_sleep(60)";
    return {};
  });
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().message, "the database took too long; ask for less");
}

TEST(postgres_database, writes_that_wait_for_each_other_in_a_circle_are_both_done) {
  const auto opened = must_open({.url = fresh_url(), .writers = 2});
  ASSERT_TRUE(opened->migrate("test", numbers_schema()));
  ASSERT_TRUE(execute(*opened, "INSERT INTO numbers (n, word) VALUES (1, ''), (2, '')"));
  std::promise<void> first_has;
  std::promise<void> second_has;
  const auto crossed = [&](long long one, long long other, std::promise<void>& mine, std::promise<void>& theirs) {
    return std::async(std::launch::async, [&, one, other, runs = 0]() mutable {
      return opened->write_now([&](soci::session& sql) -> result<void> {
        sql << "UPDATE numbers SET word = word || 'x' WHERE n = :n", soci::use(one);
        if (runs++ == 0) {
          mine.set_value();
          theirs.get_future().wait();
        }
        sql << "UPDATE numbers SET word = word || 'x' WHERE n = :n", soci::use(other);
        return {};
      });
    });
  };
  auto first = crossed(1, 2, first_has, second_has);
  auto second = crossed(2, 1, second_has, first_has);
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
  EXPECT_EQ(opened->read_now([](soci::session& sql) -> result<long long> {
    long long letters = 0;
    sql << "SELECT sum(length(word)) FROM numbers", soci::into(letters);
    return letters;
  }),
            4);
}

TEST(postgres_database, a_start_says_what_is_wrong_at_once_when_waiting_does_not_help) {
  must_open({.url = fresh_url()});  // the server is there
  std::vector<std::string> notices;
  const auto opened = database::open({.url = shared_postgres().url("&password=s3cret", "nowhere"),
                                      .start_timeout = 60s,
                                      .notice = [&](const std::string& text) { notices.push_back(text); }});
  ASSERT_FALSE(opened);
  EXPECT_TRUE(opened.error().message.contains("\"nowhere\" does not exist")) << opened.error().message;
  EXPECT_FALSE((opened.error().message + opened.error().detail).contains("s3cret"));
  EXPECT_TRUE(notices.empty()) << notices.front();
}

TEST(postgres_database, a_start_waits_for_a_server_that_is_not_there_yet_but_not_for_ever) {
  std::vector<std::string> notices;
  const auto opened = database::open({.url = "postgresql://u:s3cret@127.0.0.1:1/x",
                                      .start_timeout = 300ms,
                                      .notice = [&](const std::string& text) { notices.push_back(text); }});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, error_reason::unavailable);
  EXPECT_TRUE(opened.error().message.starts_with("no connection to the database x on 127.0.0.1:1: "))
      << opened.error().message;
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_TRUE(notices[0].starts_with("waiting for the database x on 127.0.0.1:1: ")) << notices[0];
  EXPECT_FALSE((opened.error().message + opened.error().detail + notices[0]).contains("s3cret"));
}

TEST(postgres_database, is_not_ready_where_it_cannot_write) {
  const auto opened = must_open({.url = fresh_url()});
  ASSERT_TRUE(opened->migrate("test", numbers_schema()));
  EXPECT_TRUE(run(opened->check()));
  ASSERT_TRUE(execute(*opened, "DROP TABLE schema_migrations"));
  EXPECT_FALSE(run(opened->check()));
}

}  // namespace
}  // namespace sluice::store
