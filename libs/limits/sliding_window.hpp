// The sliding window, as plain arithmetic.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "limits/limiter.hpp"

namespace sluice::limits {

/// Remembers when what was allowed within the window came, so that no span of `per`, wherever it begins, ever holds
/// more than `limit`. What came within one millisecond is one entry, and is forgotten when the last of it is old
/// enough: memory is bounded by `limit` and by the milliseconds of the window, and what is refused costs none. Times
/// are on any clock that does not go back.
class sliding_window {
 public:
  using nanoseconds = std::chrono::nanoseconds;

  decision take(const sliding_window_rule& rule, nanoseconds now, std::uint32_t cost);
  void give_back(const decision& taken, std::uint32_t cost);
  /// From when on it is as if it had never been used.
  nanoseconds idle_at(const sliding_window_rule& rule) const;

 private:
  struct entry {
    std::chrono::milliseconds at;  // not before it came
    std::uint32_t count;
  };
  void forget(std::chrono::milliseconds until);
  std::chrono::milliseconds time_of_room(const sliding_window_rule& rule, std::uint32_t cost) const;

  std::vector<entry> log_;  // in order of time
  std::size_t first_ = 0;   // those before it are forgotten
  std::uint32_t count_ = 0;
};

}  // namespace sluice::limits
