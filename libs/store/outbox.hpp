// Records that could not be brought to where they belong, until they can.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "async/task.hpp"
#include "base/error.hpp"
#include "store/await_ending.hpp"
#include "store/job_queue.hpp"
#include "store/record_file.hpp"

namespace sluice::store {

struct outbox_settings {
  std::filesystem::path file;
  std::uint64_t bytes_max = 256U << 20U;  ///< when as much waits, further records are refused: none that is there goes
  std::uint64_t room_bytes = 8U << 20U;   ///< of the disk, kept for what has to be appended when it is full
  std::uint64_t free_bytes_min = 1U << 20U;  ///< with less left on the disk, `check` says so
  std::size_t queue_max = 4096;              ///< of appends that wait for the disk; past it: unavailable
};

/// A durable queue in a file. Each record is delivered at least once, in order: after a crash, those of the last replay
/// may come again, so delivering twice must change nothing. Space is given back when all that waited was delivered, but
/// for some that it keeps for the day on which the disk is full.
///
/// Must outlive the coroutines that use it, and go before the workers that they run on.
class outbox {
 public:
  using deliver_function = std::function<task<result<void>>(std::vector<std::string>)>;

  /// Blocking; reads what is left of the last run. The message says which file and what to do.
  static result<std::unique_ptr<outbox>> open(outbox_settings told);
  /// Finishes what is queued, then closes.
  ~outbox();
  outbox(const outbox&) = delete;
  outbox& operator=(const outbox&) = delete;

  /// On the disk when it returns; appends that wait together are synced together. Errors: unavailable (full, disk).
  task<result<void>> append(std::string record);
  /// For a record that nobody will ever take: to `<file>.refused`, which has the form of the outbox itself, so that it
  /// can be put in its place once the cause is gone. On the disk when it returns. Errors: as `append`.
  task<result<void>> set_aside(std::string record);
  /// For `/readyz`: whether its disk has room. Errors: unavailable.
  task<result<void>> check();

  /// Hands the records to `deliver`, oldest first and many at a time, until none is left or it fails: its error is
  /// returned, and what it was given stays, with all that follows. What can never be delivered is for `deliver` to log
  /// and accept. A second replay at the same time is refused (conflict). Returns how many were delivered.
  task<result<std::size_t>> replay(deliver_function deliver);

  /// From any thread.
  std::uint64_t records_waiting() const { return records_waiting_.load(std::memory_order_relaxed); }
  std::uint64_t bytes_waiting() const { return bytes_waiting_.load(std::memory_order_relaxed); }
  /// What was found damaged when it was opened and put beside, in `<file>.damaged`.
  std::uint64_t damaged_bytes_found() const { return damaged_bytes_found_; }

 private:
  struct job {
    std::optional<std::string> record;                  // to be appended, or
    std::move_only_function<result<void>()> work = {};  // on the file
    ending ended = {};
    result<void> outcome = {};
  };

  outbox(outbox_settings told, record_file file);
  task<result<void>> perform(job wanted);
  task<result<std::vector<std::string>>> front();
  task<result<void>> pop();
  void serve();
  void append_all(std::span<job> jobs);
  result<void> add_refused(std::string record);
  result<void> look_for_room();

  const outbox_settings told_;
  const std::uint64_t damaged_bytes_found_;
  std::atomic<std::uint64_t> records_waiting_;
  std::atomic<std::uint64_t> bytes_waiting_;
  // Shared: a replay that a stop left hanging is taken down with its worker, after this.
  const std::shared_ptr<std::atomic<bool>> replaying_ = std::make_shared<std::atomic<bool>>(false);
  // Of the thread alone.
  record_file file_;
  std::optional<record_file> refused_;  // once there was one
  std::uint64_t front_ = 0;             // what is before it was delivered
  std::uint64_t front_next_ = 0;        // behind those that were read there,
  std::uint64_t front_records_ = 0;     // so many

  job_queue<job> jobs_;
  std::thread thread_;
};

}  // namespace sluice::store
