// The worker threads: each runs its own single-threaded event loop, and what lives on one never leaves it.
#pragma once

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include "async/task.hpp"
#include "async/wakeup.hpp"

namespace sluice::async {

/// One event loop on one thread. Sockets, generations and timers belong to exactly one worker.
class worker {
 public:
  worker(std::size_t index) : index_(index), context_(1), work_(context_.get_executor()) {}
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  std::size_t index() const { return index_; }
  executor get_executor() { return context_.get_executor(); }
  /// From any thread: runs `work` on this worker, after what is queued there.
  template <class Work>
  void post(Work&& work) {
    asio::post(context_.get_executor(), std::forward<Work>(work));
  }

 private:
  friend class worker_pool;
  void run();
  /// One handler, on the calling thread, which is this worker meanwhile.
  void run_one();
  /// Whoever waits for a wake-up is let go without one: its coroutine ends with the loop.
  void give_up_waits();

  std::size_t index_;
  asio::io_context context_;
  asio::executor_work_guard<executor> work_;
  wakeup::list waits_;
};

/// The workers of a process. Built first and destroyed last: everything else lives on them.
class worker_pool {
 public:
  /// `count` of 0 means one per core.
  explicit worker_pool(std::size_t count = 0);
  ~worker_pool();
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  std::size_t size() const { return workers_.size(); }
  worker& operator[](std::size_t index) { return *workers_[index]; }
  /// Runs a coroutine on the first worker and waits for its end; not on a worker. Before `start` the calling thread
  /// takes that worker's place, and runs what is queued there as well.
  template <class T>
  T run_first(task<T> work);
  /// Starts the threads. What was posted or spawned before runs then.
  void start();
  /// Stops the loops without waiting for what still runs on them, and joins the threads. Idempotent.
  void stop();

 private:
  std::vector<std::unique_ptr<worker>> workers_;
  std::vector<std::thread> threads_;
};

template <class T>
T worker_pool::run_first(task<T> work) {
  worker& first = *workers_.front();
  std::future<T> ended = asio::co_spawn(first.get_executor(), std::move(work), asio::use_future);
  while (threads_.empty() && ended.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    first.run_one();
  return ended.get();
}

/// The index of the worker whose thread this is. Only on a worker's thread.
std::size_t this_worker();

/// Whether this thread is a worker's.
bool on_worker();

}  // namespace sluice::async
