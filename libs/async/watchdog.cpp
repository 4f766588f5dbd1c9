#include "async/watchdog.hpp"

namespace sluice::async {

struct watchdog::state {
  state(executor on, std::function<void()> callback) : timer(on), on_expiry(std::move(callback)) {}
  steady_timer timer;
  std::function<void()> on_expiry;
  time_point deadline = time_point::max();
  time_point timer_at = time_point::max();  // when the timer fires, max if it is not set
};

watchdog::watchdog(executor on, std::function<void()> on_expiry)
    : state_(std::make_shared<state>(on, std::move(on_expiry))) {}

watchdog::~watchdog() {
  state_->on_expiry = nullptr;
  state_->timer.cancel();
}

void watchdog::expire_at(time_point deadline) {
  state_->deadline = deadline;
  if (deadline < state_->timer_at) arm(state_);
}

void watchdog::disarm() {
  state_->deadline = time_point::max();
}

void watchdog::arm(const std::shared_ptr<state>& state) {
  state->timer_at = state->deadline;
  state->timer.expires_at(state->deadline);
  state->timer.async_wait([weak = std::weak_ptr(state)](error_code code) {
    const auto self = weak.lock();
    if (code || !self || !self->on_expiry) return;
    self->timer_at = time_point::max();
    if (self->deadline == time_point::max()) return;
    if (self->deadline > std::chrono::steady_clock::now()) return arm(self);
    self->deadline = time_point::max();
    // A copy: the callback may destroy this watchdog.
    const auto callback = self->on_expiry;
    callback();
  });
}

}  // namespace sluice::async
