// A log followed from another node: the same numbers, the same deltas, for cursors of this one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/worker_pool.hpp"
#include "base/error.hpp"
#include "generation/cursor.hpp"
#include "generation/log.hpp"

namespace sluice::generation {

/// Deltas of one kind and choice that stand beside each other, as they travel: `first`, `first` + 1, … with `lengths`
/// bytes each.
struct delta_range {
  delta_kind kind = delta_kind::text;
  std::uint8_t choice = 0;
  std::uint64_t first = 0;
  std::vector<std::uint32_t> lengths;
  std::string bytes;
};

/// Everything that `reader` has yet to give, up to about `bytes_max` bytes; the terminal delta is in none of it, but
/// makes `reader.finished()` true.
std::vector<delta_range> read_ranges(cursor& reader, std::uint64_t bytes_max);

/// Writes a log of this node from ranges of another one. One worker's, as any writer of a log.
class mirror {
 public:
  /// `bytes_max` bounds what the other node can make us hold.
  mirror(async::worker_pool& workers, std::string id, std::uint64_t bytes_max)
      : log_(std::make_shared<log>(workers, std::move(id), bytes_max)) {}

  const std::shared_ptr<log>& source() const { return log_; }
  /// Appends what is above the last number; what is there already is passed over, so ranges may come twice. Errors:
  /// internal, for what is no range; too_large.
  result<void> take(const delta_range& more);
  /// `number`: of the terminal delta.
  void end(finish how, std::uint64_t number = 0) {
    log_->skip_to(number);
    log_->end(std::move(how));
  }

 private:
  std::shared_ptr<log> log_;
};

}  // namespace sluice::generation
