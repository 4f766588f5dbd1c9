// "Something has changed, look again": the one way in which a coroutine waits for another.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/intrusive/list.hpp>

#include "async/task.hpp"

namespace sluice::async {

/// A coalescing event with at most one waiter, all on one worker. Any number of `notify` calls before the waiter
/// runs again are one wake-up, which is what batches many small deltas into one write. A worker that is stopped gives
/// up its waits, as Asio does with those for timers and sockets.
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
  friend class worker;
  using hook = boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

  void complete(error_code code);
  asio::any_completion_handler<void(error_code)> take_waiter();

  executor executor_;
  asio::any_completion_handler<void(error_code)> waiter_;
  bool notified_ = false;
  hook hook_;

 public:
  /// Those who wait on one worker.
  using list = boost::intrusive::list<wakeup, boost::intrusive::member_hook<wakeup, hook, &wakeup::hook_>,
                                      boost::intrusive::constant_time_size<false>>;

 private:
  static thread_local list* waiting_here_;  // of this thread's worker, if it is one's
};

}  // namespace sluice::async
