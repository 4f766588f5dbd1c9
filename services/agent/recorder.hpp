// Brings what has ended to the store, sooner or later, once.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/conversation_store.hpp"
#include "async/task.hpp"
#include "async/wakeup.hpp"
#include "async/worker_pool.hpp"
#include "store/outbox.hpp"

namespace sluice::agent {

/// What became of a record that could not be written at once.
enum class record_trouble : std::uint8_t {
  waits,      ///< in the outbox
  in_memory,  ///< the outbox would not take it either
  set_aside,  ///< the store will never take it; it is in the outbox's file of refused ones
  lost,       ///< the process ends, and it is nowhere
};

/// What ends on a worker within one turn of its loop is written together, and so is what ends while as much is on its
/// way to the store as may be: the busier it is, the less a record costs.
///
/// A store that is away delays records: what could not be written in time waits in the outbox, and in memory for those
/// who ask for it meanwhile, and is tried again until it is written. What the outbox cannot take either (its disk is
/// full, and so is the room that it keeps) is in memory alone: nothing new is begun then, both are tried until one of
/// them works, and `settle` gives them time before the process ends. What it ends without is lost, and said to be. Any
/// worker.
class recorder {
 public:
  struct settings {
    std::chrono::milliseconds patience{2'000};  ///< how long an answer's end waits for its record
    std::chrono::milliseconds retry{500};       ///< between two attempts to write what waits
    std::uint64_t waiting_bytes_max = 256ULL << 20;
  };
  /// `of` is null for a record that cannot be read.
  using trouble_handler = std::function<void(record_trouble what, const ended_generation* of, const error& why)>;

  recorder(async::worker_pool& workers, conversation_store& to, store::outbox& outbox, settings told,
           trouble_handler on_trouble);

  /// Returns when the record is on the disk, in the store or in the outbox for later, or neither could take it. Does
  /// not throw.
  task<> record(std::shared_ptr<const ended_generation> ended);

  /// Of those that wait: the ones of a conversation, oldest first; one generation's, or null.
  ended_generations waiting_in(const std::string& conversation_id) const;
  std::shared_ptr<const ended_generation> find_waiting(const std::string& generation_id) const;
  std::size_t waiting() const;
  /// Whether as much waits as may: nothing more should be begun that could not be recorded.
  bool is_full() const {
    return waiting_bytes_.load(std::memory_order_relaxed) >= settings_.waiting_bytes_max ||
           in_memory_.load(std::memory_order_relaxed) != 0;
  }

  /// Writes what the outbox has kept of an earlier process. The error is the store's.
  task<result<void>> catch_up();
  /// Begins to try again what waits; before the workers run or while they do.
  void begin();
  /// For the end of the process: returns when every record is on the disk, or at `limit`, having told of those that are
  /// not. It gives what is being written time to get into the outbox, whatever `limit` says.
  task<> settle(std::chrono::milliseconds limit);

 private:
  // What is about to be written together, and who waits for that.
  struct batch {
    ended_generations records;  // grows under the mutex
    std::vector<async::wakeup*> waiting;
    bool is_settled = false;
  };
  struct shift {  // of one worker
    explicit shift(executor on) : one_done(on) {}
    std::shared_ptr<batch> next;  // null: nothing to write
    std::size_t under_way = 0;    // batches
    async::wakeup one_done;
  };
  struct waiting_record {
    std::shared_ptr<const ended_generation> what;
    std::uint64_t bytes = 0;  // about what it takes up
    bool in_outbox = true;
  };
  task<> write_batch(std::shared_ptr<batch> full);
  task<result<void>> write_in_time(std::shared_ptr<batch> full);
  static task<> await_turn(shift& here);
  task<> put_by(std::shared_ptr<const ended_generation> ended, error why);
  task<result<void>> deliver(std::vector<std::string> texts);
  task<result<void>> deliver_one(std::string text);
  task<result<void>> set_aside(std::string text, const ended_generation* of, error why);
  task<> try_again();
  task<> save_from_memory();
  std::shared_ptr<const ended_generation> next_in_memory() const;
  void mark(const std::shared_ptr<const ended_generation>& which, bool in_outbox);
  ended_generations unsaved() const;
  void drop(const std::string& generation_id);

  async::worker_pool& workers_;
  conversation_store& store_;
  store::outbox& outbox_;
  settings settings_;
  trouble_handler on_trouble_;
  std::vector<std::unique_ptr<shift>> shifts_;
  mutable std::mutex mutex_;
  std::deque<waiting_record> waiting_;
  std::vector<std::shared_ptr<const batch>> writing_;  // or about to be
  std::atomic<std::uint64_t> waiting_bytes_{0};
  std::atomic<std::size_t> in_memory_{0};  // of those that wait
  std::string stuck_;                      // refused for ever, but cannot be set aside: told of; of the first worker
};

}  // namespace sluice::agent
