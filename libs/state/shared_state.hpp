// What all nodes know together and may forget: keys with values or counters, each for a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "async/task.hpp"
#include "base/error.hpp"

namespace sluice::state {

/// Nothing in it is kept for good: every key ends at the latest when its time is over, counted from the call that made
/// it. A key holds either a value or a counter; asking one kind for the other is `internal`, our bug. Keys are
/// "purpose:name", such as "ticket:…"; what a stranger can choose the length of is hashed before it becomes part of
/// one.
///
/// Any worker. Every method fails with `unavailable` where the state cannot be reached, or takes no more keys: the
/// caller decides whether it goes on without.
class shared_state {
 public:
  using duration = std::chrono::milliseconds;
  virtual ~shared_state() = default;

  /// Sets the key, whether it was there or not; its time begins anew.
  virtual task<result<void>> put(std::string key, std::string value, duration lifetime) = 0;
  /// Sets the key unless it is there. Whether it was set: of all who ask at once, one hears true.
  virtual task<result<bool>> put_if_absent(std::string key, std::string value, duration lifetime) = 0;
  virtual task<result<std::optional<std::string>>> get(std::string key) = 0;
  /// Gets and removes in one step: of all who ask at once, one gets the value.
  virtual task<result<std::optional<std::string>>> take(std::string key) = 0;
  /// Forgets the key, of either kind. Whether it was there.
  virtual task<result<bool>> remove(std::string key) = 0;

  /// Adds to the counter, which begins at 0, and returns the sum. Its time begins when it begins and is not prolonged.
  /// An `amount` of 0 only looks, and makes nothing.
  virtual task<result<std::int64_t>> add(std::string key, std::int64_t amount, duration lifetime) = 0;
};

}  // namespace sluice::state
