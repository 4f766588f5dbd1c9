// A deadline that moves with every token, at the cost of storing a time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "async/task.hpp"

namespace sluice::async {

/// Calls `on_expiry` on its worker once the deadline has passed. Moving the deadline later does not touch the timer
/// queue: the timer, when it fires early, looks at the time again. After firing it rests until `expire_at` is called.
/// Destroying it is enough to stop it.
class watchdog {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  watchdog(executor on, std::function<void()> on_expiry);
  ~watchdog();
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;

  void expire_at(time_point deadline);
  void expire_after(std::chrono::steady_clock::duration delay) { expire_at(std::chrono::steady_clock::now() + delay); }
  void disarm();

 private:
  struct state;
  static void arm(const std::shared_ptr<state>& state);
  std::shared_ptr<state> state_;
};

}  // namespace sluice::async
