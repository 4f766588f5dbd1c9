// What waits for a connection.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace sluice::store {

/// A bounded first-in-first-out queue between threads. When it is full, jobs are refused at once and nobody waits in
/// the dark.
template <class Job>
class job_queue {
 public:
  explicit job_queue(std::size_t jobs_max) : jobs_max_(jobs_max) {}

  /// False, leaving the job where it is, if as many wait as may.
  bool push(Job& job) {
    const std::scoped_lock lock(mutex_);
    if (closed_ || waiting_.size() >= jobs_max_) return false;
    waiting_.push_back(std::move(job));
    changed_.notify_one();  // under the lock: who takes the job may destroy the queue
    return true;
  }

  /// Waits for a job, then takes all that wait, at most `most`. Nothing: the queue is closed and was emptied.
  std::vector<Job> take(std::size_t most) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
    return take_waiting(most);
  }
  /// The same, but gives up at `until`, with nothing.
  std::vector<Job> take_until(std::size_t most, std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, until, [this] { return closed_ || !waiting_.empty(); });
    return take_waiting(most);
  }
  /// Leaves what waits to others. Returns at `until`, or when the queue is closed.
  void rest_until(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    closing_.wait_until(lock, until, [this] { return closed_; });
  }
  bool is_closed() const {
    const std::scoped_lock lock(mutex_);
    return closed_;
  }

  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return waiting_.size();
  }

  /// What waits is still taken; nothing more gets in.
  void close() {
    {
      const std::scoped_lock lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    closing_.notify_all();
  }

 private:
  std::vector<Job> take_waiting(std::size_t most) {
    std::vector<Job> taken;
    while (!waiting_.empty() && taken.size() < most) {
      taken.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    return taken;
  }

  std::size_t jobs_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable closing_;  // apart, so that one who rests takes no wake-up from one who serves
  std::deque<Job> waiting_;
  bool closed_ = false;
};

}  // namespace sluice::store
