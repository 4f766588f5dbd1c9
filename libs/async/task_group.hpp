// Coroutines that somebody waits for.
#pragma once

#include <exception>
#include <functional>
#include <list>

#include <boost/asio/cancellation_signal.hpp>

#include "async/task.hpp"
#include "async/wakeup.hpp"

namespace sluice::async {

/// The coroutines that an object has started, all on its worker: what fails is reported, and a stop can cancel and
/// await them. Must outlive them, so its owner awaits `join` before it goes.
class task_group {
 public:
  using failure_handler = std::function<void(std::exception_ptr)>;

  /// `on_failure` gets what a task throws, except cancellation after `cancel`.
  task_group(executor on, failure_handler on_failure) : executor_(on), on_failure_(std::move(on_failure)), ended_(on) {}
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;

  void spawn(task<> work);
  /// Asks every task to stop, by its cancellation slot. New ones may still be spawned.
  void cancel();
  /// Returns when no task is left.
  task<> join();
  std::size_t size() const { return running_.size(); }

 private:
  executor executor_;
  failure_handler on_failure_;
  std::list<asio::cancellation_signal> running_;
  wakeup ended_;
};

}  // namespace sluice::async
