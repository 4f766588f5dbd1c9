// The one idea: a generation is an append-only, numbered log of deltas.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/worker_pool.hpp"
#include "base/chunked_array.hpp"
#include "generation/delta.hpp"

namespace sluice::generation {

class cursor;

/// One writer (the agent's attempt at a provider, on one worker) appends; any number of cursors, on any worker, read.
/// A delta is written once and never moves, and becomes visible by the published length: readers take no lock.
/// Growth wakes each worker that has waiting cursors at most once until one of them has looked again.
class log : public std::enable_shared_from_this<log> {
 public:
  struct entry {
    std::uint64_t number;    ///< starts at 1 and grows; may jump forward where a lost agent was replaced
    std::uint64_t end : 48;  ///< where the delta's bytes end; they begin where those of the entry before end
    std::uint64_t kind_ : 8;
    std::uint64_t choice : 8;
    delta_kind kind() const { return static_cast<delta_kind>(kind_); }
  };

  /// The object itself and its first chunks.
  static constexpr std::uint64_t overhead_bytes = 2048;

  /// `bytes_max` bounds what a provider can make us hold: deltas and their index. At most 64 workers.
  log(async::worker_pool& workers, std::string id, std::uint64_t bytes_max);
  ~log();
  log(const log&) = delete;
  log& operator=(const log&) = delete;

  const std::string& id() const { return id_; }

  /// Writer only. False (and nothing is appended) if `bytes_max` would be passed or the log has ended.
  bool append(delta_kind kind, std::string_view bytes, std::uint8_t choice = 0);
  /// Writer only. The terminal record; later calls change nothing.
  void end(finish ending);
  /// Writer only: the next delta gets at least this number (recovery of a lost agent's log).
  void skip_to(std::uint64_t number) { next_number_ = std::max(next_number_, number); }

  /// Any thread: how many entries may be read.
  std::uint64_t published() const { return published_.load(std::memory_order_acquire); }
  /// Any thread: whether the finish entry may be read. `ended` can be true a moment before.
  bool has_finish() const {
    const std::uint64_t count = published();
    return count != 0 && entries_[count - 1].kind() == delta_kind::finish;
  }
  bool ended() const { return ended_.load(std::memory_order_acquire); }
  /// Any thread, after `ended()` was seen to be true or the finish entry was read.
  const finish& ending() const { return ending_; }
  /// The number of the last published delta, 0 if there is none.
  std::uint64_t last_number() const;

  const entry& at(std::uint64_t position) const { return entries_[position]; }
  std::uint64_t begin_of(std::uint64_t position) const { return position == 0 ? 0 : entries_[position - 1].end; }
  /// The position of the first published entry with a number above `after`.
  std::uint64_t position_after(std::uint64_t after) const;
  /// Calls `visit(std::string_view)` for the contiguous pieces of the bytes [from, to).
  template <class Visitor>
  void for_each_piece(std::uint64_t from, std::uint64_t to, Visitor&& visit) const {
    bytes_.for_each_piece(from, to,
                          [&](std::span<const char> piece) { visit(std::string_view(piece.data(), piece.size())); });
  }
  std::string copy(std::uint64_t from, std::uint64_t to) const;
  /// Any thread: what it holds, in bytes: the deltas, their index, and about 2 KB of its own.
  std::uint64_t footprint() const { return overhead_bytes + bytes() + published() * sizeof(entry); }
  std::uint64_t bytes() const { return published() == 0 ? 0 : entries_[published() - 1].end; }

  /// How many client's cursors there are now, on all workers.
  std::uint32_t followers() const { return followers_.load(std::memory_order_relaxed); }

 private:
  friend class cursor;
  void publish(delta_kind kind, std::uint8_t choice);
  void wake_cursors_here();
  // Cursor's side, on its worker. `arm` orders "wake me" before the look at the published length.
  void add(cursor& reader);
  void remove(cursor& reader);
  void arm(std::size_t worker) { armed_.fetch_or(std::uint64_t{1} << worker, std::memory_order_acq_rel); }

  async::worker_pool& workers_;
  std::string id_;
  std::uint64_t bytes_max_;
  std::uint64_t next_number_ = 1;
  chunked_array<char, 512> bytes_;
  chunked_array<entry, 16> entries_;
  std::atomic<std::uint64_t> published_{0};
  std::atomic<std::uint64_t> armed_{0};  // one bit per worker that wants to hear of growth
  std::atomic<std::uint32_t> followers_{0};
  std::atomic<bool> ended_{false};
  finish ending_;
  std::vector<cursor*> readers_;  // by worker: the head of its list, touched on that worker only
};

}  // namespace sluice::generation
