#include "store/sqlite_database.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include <pthread.h>

#include "store/job_queue.hpp"
#include "store/sqlite_connection.hpp"
#include "store/sqlite_error.hpp"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

// Bounds how long the first of a batch waits for the others, and how much one failing commit takes with it.
constexpr std::size_t batch_max = 256;

// What is looked through for damage at opening: as much as a start may wait for (here 35 ms and 150 ms). A database
// that was closed well leaves no write-ahead log behind.
constexpr std::uintmax_t checked_always_bytes_max = 16U << 20U;
constexpr std::uintmax_t checked_after_crash_bytes_max = 64U << 20U;

class sqlite_database final : public database {
 public:
  sqlite_database(sqlite_connection writer, std::vector<sqlite_connection> readers, const database_settings& told)
      : read_timeout_(told.read_timeout),
        writer_(std::move(writer)),
        readers_(std::move(readers)),
        writes_(told.queue_max),
        reads_(told.queue_max) {
    start("sql-writer", [this] { serve_writes(); });
    for (sqlite_connection& reader : readers_)
      start("sql-reader", [this, &reader] { serve_reads(reader); });
  }
  ~sqlite_database() override {
    writes_.close();
    reads_.close();
    for (std::thread& thread : threads_)
      thread.join();
  }

  database_activity activity() const override {
    return {.reads = reads_ended_.load(std::memory_order_relaxed),
            .writes = writes_ended_.load(std::memory_order_relaxed),
            .commits = commits_.load(std::memory_order_relaxed),
            .refused = refused_.load(std::memory_order_relaxed),
            .reads_waiting = reads_.size(),
            .writes_waiting = writes_.size()};
  }

 private:
  struct job {
    statements work;
    ending ended;
    bool synced = true;
    result<void> outcome = {};
  };

  void submit(transaction kind, statements work, ending ended) override {
    job wanted{.work = std::move(work), .ended = std::move(ended), .synced = kind != transaction::writing_unsynced};
    if ((kind == transaction::reading ? reads_ : writes_).push(wanted)) return;
    refused_.fetch_add(1, std::memory_order_relaxed);
    wanted.ended(failure(error_reason::unavailable,
                         "the server is overloaded (too much waits for the database); "
                         "try again"));
  }
  result<void> run_script(soci::session& sql, const std::string& script) override {
    return run_sqlite_script(sql, script);
  }

  template <class Body>
  void start(const char* name, Body body) {
    threads_.emplace_back(std::move(body));
    pthread_setname_np(threads_.back().native_handle(), name);
  }

  void serve_reads(sqlite_connection& on) {
    for (;;) {
      std::vector<job> taken = reads_.take(1);
      if (taken.empty()) return;
      job& one = taken.front();
      on.break_off_at(std::chrono::steady_clock::now() + read_timeout_);
      one.outcome = on.run("BEGIN");
      if (one.outcome) {
        one.outcome = guarded(on.session(), one.work);
        // Nothing was written: how it ends changes nothing.
        on.break_off_at(std::chrono::steady_clock::time_point::max());
        if (on.in_transaction()) std::ignore = on.run("ROLLBACK");
      }
      reads_ended_.fetch_add(1, std::memory_order_relaxed);
      finish(one);
    }
  }

  void serve_writes() {
    for (;;) {
      std::vector<job> taken = writes_.take(batch_max);
      if (taken.empty()) return;
      std::span<job> left = taken;
      while (!left.empty())
        left = left.subspan(commit_batch(left));
    }
  }

  // Runs jobs in one transaction and answers them. Returns how many: not all, if an error ended the transaction.
  std::size_t commit_batch(std::span<job> jobs) {
    result<void> committed = sync_commits(std::ranges::any_of(jobs, &job::synced));
    if (committed) committed = writer_.run("BEGIN IMMEDIATE");
    std::size_t ran = jobs.size();
    if (committed && jobs.size() == 1) {
      committed = jobs[0].outcome = guarded(writer_.session(), jobs[0].work);
      if (committed) committed = writer_.run("COMMIT");
    } else if (committed) {
      ran = 0;
      while (ran < jobs.size() && committed)
        committed = run_write(jobs[ran++]);
      if (committed) committed = writer_.run("COMMIT");
    }
    if (committed) commits_.fetch_add(1, std::memory_order_relaxed);
    writes_ended_.fetch_add(ran, std::memory_order_relaxed);
    if (!committed && writer_.in_transaction()) std::ignore = writer_.run("ROLLBACK");
    for (job& one : jobs.first(ran)) {
      if (one.outcome && !committed) one.outcome = committed;
      finish(one);
    }
    return ran;
  }

  // Whether the next commits wait for the disk.
  result<void> sync_commits(bool wanted) {
    if (wanted == syncs_) return {};
    auto told = writer_.run(wanted ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    if (told) syncs_ = wanted;
    return told;
  }

  // One job in its savepoint. An error here, unlike the job's own, ends the whole transaction.
  result<void> run_write(job& one) {
    if (auto begun = writer_.run("SAVEPOINT one"); !begun) return begun;
    one.outcome = guarded(writer_.session(), one.work);
    if (one.outcome) return writer_.run("RELEASE one");
    // A full disk, for one, takes back the transaction by itself.
    if (!writer_.in_transaction()) return one.outcome;
    return writer_.run("ROLLBACK TO one; RELEASE one");
  }

  // The work goes first: who is told that it is done may rely on what it held being released.
  static void finish(job& one) {
    one.work = nullptr;
    one.ended(std::move(one.outcome));
  }

  const std::chrono::milliseconds read_timeout_;
  sqlite_connection writer_;
  bool syncs_ = true;  // of the writing thread
  std::vector<sqlite_connection> readers_;
  job_queue<job> writes_;
  job_queue<job> reads_;
  std::atomic<std::uint64_t> reads_ended_ = 0;
  std::atomic<std::uint64_t> writes_ended_ = 0;
  std::atomic<std::uint64_t> commits_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace

result<std::unique_ptr<database>> open_sqlite(std::string_view path, const database_settings& told) {
  if (path.empty()) return failure(error_reason::invalid_argument, "the database's URL must be sqlite:PATH");
  const fs::path file = fs::absolute(path).lexically_normal();
  std::error_code none;
  const auto log_bytes = fs::file_size(file.string() + "-wal", none);
  const bool crashed = !none && log_bytes > 0;

  auto writer = sqlite_connection::open(file, told.busy_timeout);
  if (!writer) return std::unexpected(writer.error());
  const auto bytes = fs::file_size(file, none);
  if (bytes <= (crashed ? checked_after_crash_bytes_max : checked_always_bytes_max)) {
    if (auto sound = writer->quick_check(file); !sound) return std::unexpected(sound.error());
  }
  std::vector<sqlite_connection> readers;
  for (std::size_t i = 0; i < std::max<std::size_t>(told.readers, 1); ++i) {
    auto reader = sqlite_connection::open(file, told.busy_timeout);
    if (!reader) return std::unexpected(reader.error());
    if (auto limited = reader->allow_reading_only(); !limited) return std::unexpected(limited.error());
    readers.push_back(std::move(*reader));
  }
  return std::make_unique<sqlite_database>(std::move(*writer), std::move(readers), told);
}

}  // namespace sluice::store
