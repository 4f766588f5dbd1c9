// How long a peer is waited for that sends or takes bytes slowly.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace sluice::http {

/// A silent peer is given `slack`. One that keeps the least rate is waited for as long as it does: bytes earlier than
/// they had to be are a credit, but never for more than `slack`.
struct least_rate {
  using time_point = std::chrono::steady_clock::time_point;

  std::uint64_t bytes_per_second = 1024;
  std::chrono::milliseconds slack{30'000};

  /// The deadline, now that `bytes` more have come or gone.
  time_point extend(time_point deadline, std::uint64_t bytes, time_point now) const {
    const auto earned = std::chrono::microseconds(bytes * 1'000'000 / std::max<std::uint64_t>(bytes_per_second, 1));
    return std::min(deadline + earned, now + slack);
  }
};

}  // namespace sluice::http
