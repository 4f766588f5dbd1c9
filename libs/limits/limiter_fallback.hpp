// What becomes of limits while their common count cannot be reached.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "limits/limiter.hpp"
#include "limits/limiter_memory.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace sluice::limits {

enum class when_away : std::uint8_t {
  open,    ///< everything may happen
  local,   ///< each node counts for itself
  closed,  ///< what is limited is refused: `unavailable`
};

/// Asks the common count, and where that gives no answer does what it was told. Says so in the log, once. A receipt
/// goes back to whoever gave it.
class limiter_fallback final : public limiter {
 public:
  /// `decided` counts what was decided without the common count; it may be null.
  limiter_fallback(std::unique_ptr<limiter> common, when_away then, telemetry::logger log,
                   telemetry::counter* decided = nullptr);

  task<result<decision>> take(const limit& by, std::string_view key, std::uint32_t cost = 1) override;
  task<result<void>> give_back(const limit& by, std::string_view key, const decision& taken,
                               std::uint32_t cost = 1) override;

 private:
  void note_away(const error& why);
  void note_back();

  std::unique_ptr<limiter> common_;
  limiter_memory local_;
  const when_away then_;
  const telemetry::logger log_;
  telemetry::counter* const decided_;
  std::atomic<bool> is_away_ = false;
};

}  // namespace sluice::limits
