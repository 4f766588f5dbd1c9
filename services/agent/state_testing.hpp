// What the tests of several agents share.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

#include "state/shared_state_memory.hpp"

namespace sluice::agent {

/// Shared state that can be away, and whose keys run out when a test says so.
class moody_state final : public state::shared_state_memory {
 public:
  moody_state() : shared_state_memory({}, [this] { return std::chrono::steady_clock::now() + ahead_.load(); }) {}

  void pass(std::chrono::milliseconds time) { ahead_ = ahead_.load() + time; }
  task<result<std::optional<state::holding>>> find_holder(std::string key) override {
    if (is_away) co_return failure(error_reason::unavailable, "away");
    co_return co_await shared_state_memory::find_holder(std::move(key));
  }
  task<result<bool>> extend(std::string key, duration lifetime) override {
    if (is_away) co_return failure(error_reason::unavailable, "away");
    co_return co_await shared_state_memory::extend(std::move(key), lifetime);
  }
  std::atomic<bool> is_away = false;

 private:
  std::atomic<std::chrono::milliseconds> ahead_{std::chrono::milliseconds(0)};
};

}  // namespace sluice::agent
