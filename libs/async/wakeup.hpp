// "Something has changed, look again": the one way in which a coroutine waits for another.
#pragma once

#include <boost/asio/any_completion_handler.hpp>

#include "async/task.hpp"

namespace sluice::async {

/// A coalescing event with at most one waiter, all on one worker. Any number of `notify` calls before the waiter
/// runs again are one wake-up, which is what batches many small deltas into one write.
class wakeup {
 public:
  explicit wakeup(executor on) : executor_(on) {}
  wakeup(const wakeup&) = delete;
  wakeup& operator=(const wakeup&) = delete;

  /// Returns when `notify` was called since the last return (at once if it already was). Honours cancellation by
  /// throwing `operation_aborted`.
  task<> wait();
  /// Wakes the waiter, or lets the next `wait` return at once. The waiter runs later, never inside this call.
  void notify();

 private:
  void complete(error_code code);

  executor executor_;
  asio::any_completion_handler<void(error_code)> waiter_;
  bool notified_ = false;
};

}  // namespace sluice::async
