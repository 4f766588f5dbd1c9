#include <deque>
#include <future>
#include <latch>
#include <thread>

#include <soci/sqlite3/soci-sqlite3.h>

#include "async/with_deadline.hpp"
#include "store/database.hpp"
#include "store/database_testing.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

// Keeps the writer busy until it is opened, so that what is written meanwhile waits.
class gate {
 public:
  explicit gate(database& on)
      : held_(std::async(std::launch::async, [this, &on] {
          return on.write_now([this](soci::session&) -> result<void> {
            reached_.count_down();
            opened_.wait();
            return {};
          });
        })) {
    reached_.wait();
  }
  ~gate() { open(); }
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;
  void open() {
    if (!opened_.try_wait()) opened_.count_down();
  }

 private:
  std::latch reached_{1};
  std::latch opened_{1};
  std::future<result<void>> held_;
};

class database_writes : public ::testing::Test {
 protected:
  database_writes() { reopen(4096); }
  void reopen(std::size_t queue_max) {
    opened_.reset();
    opened_ = must_open({.url = "sqlite:" + (scratch_ / "data.db").string(), .queue_max = queue_max});
    if (const auto made = opened_->migrate("test", numbers_schema()); !made)
      throw std::runtime_error(made.error().message);
  }
  // Spawns a write on the loop; its result comes into the vector.
  template <class Work>
  void spawn(Work work) {
    asio::co_spawn(loop_.get_executor(), opened_->write(std::move(work)),
                   [this](const std::exception_ptr& failed, result<void> outcome) {
                     ASSERT_FALSE(failed);
                     outcomes_.push_back(std::move(outcome));
                   });
  }
  void spawn_insert(long long n) {
    spawn([n](soci::session& sql) { return insert_number(sql, n); });
  }
  long long count() { return opened_->read_now(count_numbers).value(); }

  const scratch_directory scratch_;
  asio::io_context loop_{1};
  std::unique_ptr<database> opened_;
  std::vector<result<void>> outcomes_;
};

TEST_F(database_writes, those_that_wait_together_are_committed_together) {
  const auto before = opened_->activity();
  {
    gate held(*opened_);
    for (long long n = 0; n < 100; ++n)
      spawn_insert(n);
    loop_.poll();
    EXPECT_EQ(opened_->activity().writes_waiting, 100U);
    EXPECT_EQ(count(), 0);
    held.open();
    loop_.run();
  }
  const auto after = opened_->activity();
  EXPECT_EQ(after.commits - before.commits, 2U);  // the gate's and one for all the others
  EXPECT_EQ(after.writes - before.writes, 101U);
  EXPECT_EQ(outcomes_.size(), 100U);
  EXPECT_EQ(count(), 100);
}

TEST_F(database_writes, what_fails_takes_back_itself_alone) {
  {
    const gate held(*opened_);
    spawn_insert(1);
    spawn([](soci::session& sql) -> result<void> {
      (void)insert_number(sql, 2);
      throw std::runtime_error("thrown");
    });
    spawn([](soci::session& sql) -> result<void> {
      (void)insert_number(sql, 3);
      return failure(error_reason::not_found, "told");
    });
    spawn([](soci::session& sql) -> result<void> {
      (void)insert_number(sql, 4);
      return insert_number(sql, 1);
    });
    spawn_insert(5);
    loop_.poll();
  }
  loop_.run();
  ASSERT_EQ(outcomes_.size(), 5U);
  EXPECT_TRUE(outcomes_[0]);
  ASSERT_FALSE(outcomes_[1]);
  EXPECT_EQ(outcomes_[1].error().reason, error_reason::internal);
  EXPECT_EQ(outcomes_[1].error().detail, "thrown");
  ASSERT_FALSE(outcomes_[2]);
  EXPECT_EQ(outcomes_[2].error().message, "told");
  ASSERT_FALSE(outcomes_[3]);
  EXPECT_EQ(outcomes_[3].error().reason, error_reason::conflict);
  EXPECT_TRUE(outcomes_[4]);
  EXPECT_EQ(count(), 2);
}

TEST_F(database_writes, past_the_queue_they_are_refused_at_once) {
  reopen(2);
  {
    const gate held(*opened_);
    for (long long n = 0; n < 3; ++n)
      spawn_insert(n);
    loop_.poll();
    ASSERT_EQ(outcomes_.size(), 1U);
    ASSERT_FALSE(outcomes_[0]);
    EXPECT_EQ(outcomes_[0].error().reason, error_reason::unavailable);
    EXPECT_EQ(opened_->activity().refused, 1U);
  }
  loop_.run();
  EXPECT_EQ(count(), 2);
}

task<> write_many(database& on, long long first, long long many, int& failed) {
  for (long long n = first; n < first + many; ++n) {
    const auto written = co_await on.write([n](soci::session& sql) { return insert_number(sql, n); });
    if (!written) ++failed;
    const auto seen = co_await on.read([n](soci::session& sql) -> result<long long> {
      long long count = 0;
      sql << "SELECT count(*) FROM numbers WHERE n = :n", soci::use(n), soci::into(count);
      return count;
    });
    if (seen != 1) ++failed;
  }
}
TEST_F(database_writes, of_many_coroutines_on_many_threads_are_all_there) {
  std::deque<asio::io_context> loops;
  std::vector<std::jthread> threads;
  std::atomic<int> failed = 0;
  for (long long thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread, &loop = loops.emplace_back(1)] {
      int failed_here = 0;
      for (long long one = 0; one < 25; ++one) {
        asio::co_spawn(loop.get_executor(), write_many(*opened_, (thread * 25 + one) * 10, 10, failed_here),
                       [&failed](const std::exception_ptr& thrown) { failed += thrown ? 1 : 0; });
      }
      loop.run();
      failed += failed_here;
    });
  }
  threads.clear();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(count(), 1000);
  EXPECT_LT(opened_->activity().commits, 900U);
  opened_.reset();  // before the loops
}

task<> give_up_on_a_write(database& on) {
  auto wanted = on.write([](soci::session& sql) { return insert_number(sql, 1); });
  const auto outcome = co_await async::with_deadline(std::move(wanted), 1ms);
  EXPECT_FALSE(outcome);
}
TEST_F(database_writes, one_whose_caller_gave_up_is_done_all_the_same) {
  {
    const gate held(*opened_);
    auto given_up = asio::co_spawn(loop_.get_executor(), give_up_on_a_write(*opened_), asio::use_future);
    loop_.run();
    given_up.get();
    EXPECT_EQ(count(), 0);
  }
  ASSERT_TRUE(opened_->write_now([](soci::session& sql) { return insert_number(sql, 2); }));
  EXPECT_EQ(count(), 2);
}

TEST_F(database_writes, what_is_queued_is_finished_before_it_closes) {
  std::future<void> closed;
  {
    const gate held(*opened_);
    spawn_insert(1);
    spawn_insert(2);
    loop_.poll();
    closed = std::async(std::launch::async, [going = std::move(opened_)]() mutable { going.reset(); });
  }
  closed.get();
  loop_.run();
  ASSERT_EQ(outcomes_.size(), 2U);
  EXPECT_TRUE(outcomes_[0] && outcomes_[1]);
  opened_ = must_open(scratch_ / "data.db");
  EXPECT_EQ(count(), 2);
}

TEST_F(database_writes, fail_while_another_process_holds_the_lock) {
  opened_ = must_open(scratch_ / "data.db");
  soci::session other(soci::sqlite3, "dbname=" + (scratch_ / "data.db").string());
  other << "BEGIN IMMEDIATE";
  const auto refused = opened_->write_now([](soci::session& sql) { return insert_number(sql, 1); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, error_reason::unavailable);
  EXPECT_TRUE(refused.error().retry_after);
  EXPECT_FALSE(run(opened_->check()));
  EXPECT_EQ(count(), 0);  // reading goes on
  other << "ROLLBACK";
  EXPECT_TRUE(opened_->write_now([](soci::session& sql) { return insert_number(sql, 1); }));
  EXPECT_TRUE(run(opened_->check()));
}

TEST_F(database_writes, do_not_work_on_a_connection_for_reading) {
  const auto refused = opened_->read_now([](soci::session& sql) { return insert_number(sql, 1); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(count(), 0);
}

TEST_F(database_writes, keep_their_values_out_of_errors) {
  const auto insert = [](soci::session& sql) -> result<void> {
    const std::string word = "hush";
    sql << "INSERT INTO numbers (n, word) VALUES (1, :word)", soci::use(word);
    return {};
  };
  ASSERT_TRUE(opened_->write_now(insert));
  const auto refused = opened_->write_now(insert);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("INSERT INTO numbers"), std::string::npos) << refused.error().detail;
  EXPECT_EQ(refused.error().detail.find("hush"), std::string::npos) << refused.error().detail;
  EXPECT_EQ(refused.error().message, "it exists already");
}

}  // namespace
}  // namespace sluice::store
