// A reader's place in a log.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "async/wakeup.hpp"
#include "generation/log.hpp"

namespace sluice::generation {

/// Deltas of one kind that stand beside each other: numbers `first`…`last`, bytes [`begin`, `end`) of the log.
struct run {
  delta_kind kind;
  std::uint8_t choice;
  std::uint64_t first;
  std::uint64_t last;
  std::uint64_t begin;
  std::uint64_t end;
};

enum class merging : bool {
  none,        ///< each delta by itself
  neighbours,  ///< neighbouring deltas of plain text of one kind and choice as one run
};

/// Lives on one worker, where it was made. Holds no bytes: a slow reader only lags. Its owner awaits `on_growth`, calls
/// `next` until it gives nothing, sends all of that in one write, and only then looks again.
class cursor {
 public:
  /// Starts behind the delta numbered `after`. `on_growth` is notified when there may be more; several cursors may
  /// share one. It must outlive the cursor.
  cursor(std::shared_ptr<log> source, std::uint64_t after, async::wakeup& on_growth);
  ~cursor();
  cursor(const cursor&) = delete;
  cursor& operator=(const cursor&) = delete;

  /// The next deltas, or nothing when the reader has caught up (it will then be notified). Merged text stops at
  /// `bytes_max`; a single delta is always given whole.
  std::optional<run> next(merging how, std::uint64_t bytes_max);

  /// Whether the terminal delta has been given.
  bool finished() const { return finished_; }
  /// The number of the last delta given.
  std::uint64_t number() const { return number_; }
  generation::log& source() const { return *source_; }

 private:
  friend class log;
  std::shared_ptr<generation::log> source_;
  async::wakeup& on_growth_;
  std::uint64_t number_;
  std::uint64_t position_;
  std::uint64_t seen_ = 0;  // published length at the last look
  bool finished_ = false;
  cursor* next_ = nullptr;
  cursor* previous_ = nullptr;
};

}  // namespace sluice::generation
