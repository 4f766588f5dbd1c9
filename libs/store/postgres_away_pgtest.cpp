// A server that goes away, stands still, comes back, is full, or may not be written.
#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "store/database_testing.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

class postgres_away : public ::testing::Test {
 protected:
  explicit postgres_away(std::vector<std::string> settings = {}) : server_(std::move(settings)) {}

  void open(database_settings told = {}) {
    told.url = server_.url();
    told.connect_timeout = 2s;
    opened_ = must_open(std::move(told));
    ASSERT_TRUE(opened_->migrate("test", numbers_schema()));
  }
  result<void> insert(long long n) {
    return opened_->write_now([n](soci::session& sql) { return insert_number(sql, n); });
  }
  // As a caller does that was told to try again, and who bears to find it done.
  void must_insert(long long n) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    for (auto done = insert(n); !done && done.error().reason != error_reason::conflict; done = insert(n)) {
      ASSERT_EQ(done.error().reason, error_reason::unavailable) << done.error().detail;
      ASSERT_LT(std::chrono::steady_clock::now(), until) << done.error().detail;
    }
  }

  postgres_server server_;
  std::unique_ptr<database> opened_;
};

TEST_F(postgres_away, nothing_acknowledged_is_lost_when_it_crashes_under_writes) {
  open({.writers = 4});
  std::atomic<long long> last = 0;
  std::atomic<bool> stop = false;
  std::vector<std::vector<long long>> acknowledged(4);
  std::vector<std::thread> writers;
  for (auto& mine : acknowledged) {
    writers.emplace_back([&] {
      while (!stop) {
        const long long n = ++last;
        // A conflict would be a write that was done and run again all the same.
        if (const auto done = insert(n); done) {
          mine.push_back(n);
        } else {
          EXPECT_EQ(done.error().reason, error_reason::unavailable) << done.error().detail;
        }
      }
    });
  }
  for (int crash = 0; crash < 3; ++crash) {
    const auto until = opened_->activity().commits + 200;
    while (opened_->activity().commits < until)
      std::this_thread::yield();
    server_.stop(SIGQUIT);
    server_.start();
  }
  const auto until = opened_->activity().commits + 200;
  while (opened_->activity().commits < until)
    std::this_thread::yield();
  stop = true;
  for (std::thread& each : writers)
    each.join();
  const auto kept = opened_->read_now([](soci::session& sql) -> result<std::vector<long long>> {
    std::vector<long long> all;
    const soci::rowset<long long> rows = (sql.prepare << "SELECT n FROM numbers ORDER BY n");
    for (const long long each : rows)
      all.push_back(each);
    return all;
  });
  ASSERT_TRUE(kept);
  std::size_t count = 0;
  for (const auto& mine : acknowledged) {
    count += mine.size();
    for (const long long n : mine)
      EXPECT_TRUE(std::ranges::binary_search(*kept, n)) << n << " was acknowledged and is lost";
  }
  EXPECT_GE(count, 800U);
}

TEST_F(postgres_away, a_killed_connection_costs_a_retry) {
  open({.readers = 1, .writers = 1});
  int runs = 0;
  const auto done = opened_->write_now([&](soci::session& sql) -> result<void> {
    if (auto inserted = insert_number(sql, 1); !inserted) return inserted;
    if (++runs == 1) {
      sql << "SELECT pg_terminate_backend(pg_backend_pid())";
      ADD_FAILURE() << "the connection lives";
    }
    return {};
  });
  EXPECT_TRUE(done) << done.error().detail;
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(opened_->read_now(count_numbers), 1);
}

TEST_F(postgres_away, one_process_of_it_killed_takes_all_connections_and_no_data) {
  open();
  must_insert(1);
  const auto process = opened_->read_now([](soci::session& sql) -> result<long long> {
    long long number = 0;
    sql << "SELECT pg_backend_pid()", soci::into(number);
    return number;
  });
  ASSERT_TRUE(process);
  ASSERT_EQ(::kill(static_cast<pid_t>(*process), SIGKILL), 0);
  for (long long n = 2; n <= 20; ++n)
    must_insert(n);
  EXPECT_EQ(opened_->read_now(count_numbers), 20);
}

TEST_F(postgres_away, while_it_is_away_everything_is_refused_at_once) {
  std::atomic<int> notices = 0;
  open({.notice = [&](const std::string&) { ++notices; }});
  must_insert(1);
  notices = 0;
  server_.stop(SIGQUIT);
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) {
    const auto refused = insert(2);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, error_reason::unavailable);
    EXPECT_TRUE(refused.error().retry_after);
    EXPECT_FALSE(opened_->read_now(count_numbers));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
  EXPECT_FALSE(run(opened_->check()));
  EXPECT_EQ(notices, 1);
  server_.start();
  must_insert(2);
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!run(opened_->check()))
    ASSERT_LT(std::chrono::steady_clock::now(), until);
}

TEST_F(postgres_away, a_server_that_stands_still_is_not_waited_for) {
  open({.readers = 1, .writers = 1, .busy_timeout = 100ms, .read_timeout = 200ms, .write_timeout = 200ms});
  must_insert(1);
  const auto process = opened_->write_now([](soci::session& sql) -> result<long long> {
    long long number = 0;
    sql << "SELECT pg_backend_pid()", soci::into(number);
    return number;
  });
  ASSERT_TRUE(process);
  ::kill(server_.pid(), SIGSTOP);
  ::kill(static_cast<pid_t>(*process), SIGSTOP);
  const auto begun = std::chrono::steady_clock::now();
  const auto late = insert(2);
  EXPECT_FALSE(late);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
  ::kill(static_cast<pid_t>(*process), SIGCONT);
  ::kill(server_.pid(), SIGCONT);
  must_insert(2);
  EXPECT_EQ(opened_->read_now(count_numbers), 2);
}

TEST(postgres_full, goes_on_with_the_connections_that_there_are) {
  postgres_server server({"fsync=off", "max_connections=6", "superuser_reserved_connections=0"});
  const auto many = must_open({.url = server.url(), .readers = 20, .writers = 20});
  // Readers may have had them all: writes are refused then, and not left waiting.
  const auto done = many->write_now([](soci::session& sql) -> result<void> {
    sql << "SELECT 1";
    return {};
  });
  if (!done) EXPECT_EQ(done.error().reason, error_reason::unavailable);
}

class postgres_standby : public postgres_away {
 protected:
  postgres_standby() : postgres_away({"wal_level=replica"}) {}
};

TEST_F(postgres_standby, is_read_and_not_written) {
  open();
  must_insert(1);
  server_.stop(SIGINT);
  std::ofstream(server_.data() / "standby.signal").put('\n');
  server_.start();
  const auto until = std::chrono::steady_clock::now() + 20s;
  result<long long> count = opened_->read_now(count_numbers);
  while (!count && std::chrono::steady_clock::now() < until)
    count = opened_->read_now(count_numbers);
  ASSERT_EQ(count, 1);
  const auto refused = insert(2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, error_reason::unavailable);
  EXPECT_EQ(refused.error().message, "the database cannot be written (it is a standby)");
  EXPECT_FALSE(run(opened_->check()));
  server_.stop(SIGINT);
  std::filesystem::remove(server_.data() / "standby.signal");
  server_.start();
  must_insert(2);
}

}  // namespace
}  // namespace sluice::store
