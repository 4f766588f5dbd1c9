#include <csignal>
#include <future>
#include <thread>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/database.hpp"
#include "store/database_testing.hpp"

namespace sluice::store {
namespace {

// Another process that does `work` and exits with what it returns. No thread may run here while it begins.
class child_process {
 public:
  template <class Work>
  explicit child_process(Work work) : id_(::fork()) {
    if (id_ == 0) {
      int code = 99;
      try {
        code = work();
      } catch (...) {
      }
      ::_exit(code);
    }
  }
  ~child_process() { kill(); }
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  void kill() {
    if (id_ > 0) ::kill(id_, SIGKILL);
    wait();
  }
  /// Its exit code; -1 if it was killed.
  int wait() {
    int status = 0;
    if (id_ > 0) ::waitpid(std::exchange(id_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t id_;
};

// Writes numbers from four threads and says each one on the pipe as soon as it was acknowledged.
int write_forever(const std::filesystem::path& file, int pipe) {
  const auto opened = must_open(file);
  std::vector<std::jthread> threads;
  for (long long thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (long long n = thread;; n += 4) {
        if (!opened->write_now([n](soci::session& sql) { return insert_number(sql, n); })) return;
        if (::write(pipe, &n, sizeof n) != sizeof n) return;
      }
    });
  }
  threads.clear();
  return 1;
}

TEST(database_crash, what_was_acknowledged_survives_being_killed) {
  const scratch_directory scratch;
  const auto file = scratch / "data.db";
  ASSERT_TRUE(must_open(file)->migrate("test", numbers_schema()));
  long long highest_seen = -1;
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(must_open(file)->write_now([](soci::session& sql) -> result<void> {
      sql << "DELETE FROM numbers";
      return {};
    }));
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    std::vector<long long> acknowledged;
    {
      child_process writer([&] { return write_forever(file, pipe[1]); });
      ::close(pipe[1]);
      long long n = 0;
      while (acknowledged.size() < 50U * static_cast<unsigned>(round + 1) && ::read(pipe[0], &n, sizeof n) == sizeof n)
        acknowledged.push_back(n);
      writer.kill();
      while (::read(pipe[0], &n, sizeof n) == sizeof n)
        acknowledged.push_back(n);
    }
    ::close(pipe[0]);
    ASSERT_GE(acknowledged.size(), 50U);
    const auto opened = must_open(file);
    EXPECT_EQ(opened->read_now([](soci::session& sql) -> result<std::string> {
      std::string found;
      sql << "PRAGMA integrity_check", soci::into(found);
      return found;
    }),
              "ok");
    for (const long long n : acknowledged) {
      const auto there = opened->read_now([n](soci::session& sql) -> result<long long> {
        long long count = 0;
        sql << "SELECT count(*) FROM numbers WHERE n = :n", soci::use(n), soci::into(count);
        return count;
      });
      ASSERT_EQ(there, 1) << n;
      highest_seen = std::max(highest_seen, n);
    }
  }
  EXPECT_GT(highest_seen, 0);
}

result<void> fill(soci::session& sql, long long n, std::size_t bytes) {
  const std::string word(bytes, 'x');
  sql << "INSERT INTO numbers (n, word) VALUES (:n, :word)", soci::use(n), soci::use(word);
  return {};
}

TEST(database_crash, a_full_disk_is_an_error_and_no_end) {
  const scratch_directory scratch;
  const auto opened = must_open(scratch / "data.db");
  ASSERT_TRUE(opened->migrate("test", numbers_schema()));
  const auto limit_pages = [&](int pages) {
    return opened->write_now([pages](soci::session& sql) -> result<void> {
      sql << "PRAGMA max_page_count = " << pages;
      return {};
    });
  };
  ASSERT_TRUE(limit_pages(20));
  const auto refused = opened->write_now([](soci::session& sql) { return fill(sql, 1, 1U << 20U); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, error_reason::unavailable);
  EXPECT_EQ(refused.error().message, "the database has no room left on its disk");
  EXPECT_TRUE(opened->write_now([](soci::session& sql) { return insert_number(sql, 2); }));
  ASSERT_TRUE(limit_pages(1 << 20));
  EXPECT_TRUE(opened->write_now([](soci::session& sql) { return fill(sql, 3, 1U << 20U); }));
  EXPECT_EQ(opened->read_now(count_numbers), 2);
}

// Files may not grow past a limit, so it is the commit that fails. 0: as it should be.
int commit_without_room(const std::filesystem::path& file) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const auto opened = must_open(file);
  limit.rlim_cur = 64 << 10;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const auto insert = [&](long long n, std::size_t bytes) {
    return opened->write_now([n, bytes](soci::session& sql) { return fill(sql, n, bytes); });
  };
  std::vector<std::future<result<void>>> writes;
  for (long long n = 0; n < 8; ++n)
    writes.push_back(std::async(std::launch::async, [&insert, n] { return insert(n, 128U << 10U); }));
  for (auto& write : writes) {
    const auto outcome = write.get();
    if (outcome || outcome.error().reason != error_reason::unavailable) return 1;
  }
  if (opened->read_now(count_numbers) != 0) return 2;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  if (!insert(1, 128U << 10U)) return 3;
  return opened->read_now(count_numbers) == 1 ? 0 : 4;
}

TEST(database_crash, a_commit_that_fails_fails_all_of_its_writes) {
  const scratch_directory scratch;
  ASSERT_TRUE(must_open(scratch / "data.db")->migrate("test", numbers_schema()));
  child_process confined([&] { return commit_without_room(scratch / "data.db"); });
  EXPECT_EQ(confined.wait(), 0);
}

}  // namespace
}  // namespace sluice::store
