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

/// What ends on a worker within one turn of its loop is written together: the busier it is, the less a record costs.
///
/// A store that is away delays records and loses none: what could not be written in time waits in the outbox, and in
/// memory for those who ask for it meanwhile, and is tried again until it is written. Any worker.
class recorder {
 public:
  struct settings {
    std::chrono::milliseconds patience{2'000};  ///< how long an answer's end waits for its record
    std::chrono::milliseconds retry{500};       ///< between two attempts to write what waits
    std::uint64_t waiting_bytes_max = 256ULL << 20;
  };
  using trouble_handler = std::function<void(const std::string& generation_id, const error& why)>;

  /// `on_trouble` is told of each record that has to wait, or that cannot be kept on the disk either.
  recorder(async::worker_pool& workers, conversation_store& to, store::outbox& outbox, settings told,
           trouble_handler on_trouble);

  /// Returns when the record is on the disk: in the store, or in the outbox for later. Does not throw.
  task<> record(std::shared_ptr<const ended_generation> ended);

  /// Of those that wait: the ones of a conversation, oldest first; one generation's, or null.
  ended_generations waiting_in(const std::string& conversation_id) const;
  std::shared_ptr<const ended_generation> find_waiting(const std::string& generation_id) const;
  std::size_t waiting() const;
  /// Whether as much waits as may: nothing more should be begun that could not be recorded.
  bool is_full() const { return waiting_bytes_.load(std::memory_order_relaxed) >= settings_.waiting_bytes_max; }

  /// Writes what the outbox has kept of an earlier process. The error is the store's.
  task<result<void>> catch_up();
  /// Begins to try again what waits; before the workers run or while they do.
  void begin();

 private:
  // What is about to be written together, and who waits for that; of one worker.
  struct batch {
    ended_generations records;
    std::vector<async::wakeup*> waiting;
    bool is_settled = false;
  };
  struct waiting_record {
    std::shared_ptr<const ended_generation> what;
    std::uint64_t bytes = 0;  // about what it takes up
    bool in_outbox = false;
  };
  task<> write_batch(std::shared_ptr<batch> full);
  task<> put_by(std::shared_ptr<const ended_generation> ended, error why);
  task<result<void>> deliver(std::string text);
  task<> try_again();
  task<> write_directly();
  std::shared_ptr<const ended_generation> next_outside_outbox() const;
  void drop(const std::string& generation_id);

  async::worker_pool& workers_;
  conversation_store& store_;
  store::outbox& outbox_;
  settings settings_;
  trouble_handler on_trouble_;
  std::vector<std::shared_ptr<batch>> next_;  // by worker; null: nothing to write
  mutable std::mutex mutex_;
  std::deque<waiting_record> waiting_;
  std::atomic<std::uint64_t> waiting_bytes_{0};
};

}  // namespace sluice::agent
