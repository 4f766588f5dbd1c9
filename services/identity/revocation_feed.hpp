// Revocations as they happen, in this process or another one on the same database.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "async/task.hpp"
#include "async/wakeup.hpp"
#include "identity/identity_service.hpp"
#include "identity/user_store.hpp"

namespace sluice::identity {

/// The database holds the log; this knows its newest number and wakes who waits for a newer one. Any worker, but for
/// `look` and `watch`.
class revocation_feed {
 public:
  /// `on_revoked` is told of each before those who follow.
  revocation_feed(user_store& store, std::function<void(const revocation&)> on_revoked);

  /// From where on to look; before anything else.
  task<result<void>> start();
  /// Reads what is new. One call at a time.
  task<result<void>> look();
  /// Returns when `poke` was called or `interval` has passed, `followed_interval` while somebody follows. On the worker
  /// that looks.
  task<> wait(std::chrono::milliseconds interval, std::chrono::milliseconds followed_interval);
  /// There is something new: look at once.
  void poke();

  task<result<revocation_batch>> follow(std::uint64_t after, std::chrono::milliseconds patience);
  /// A node that follows says that it knows everything up to this number. It is forgotten when it has not said so for a
  /// while.
  void note_known(const std::string& follower, std::uint64_t number);
  /// Returns when the nodes that follow know everything that is revoked by now, or after a moment: one that is cut off
  /// keeps nobody from revoking.
  task<> await_followers();
  /// Of those that were looked at.
  std::uint64_t newest() const { return newest_.load(std::memory_order_acquire); }

 private:
  // Somebody who waits, on a worker of its own.
  struct waiter {
    explicit waiter(executor on) : home(on), changed(on) {}
    executor home;
    async::wakeup changed;
  };
  using waiters = std::list<std::shared_ptr<waiter>>;
  class membership;
  struct follower {
    std::uint64_t known = 0;
    std::chrono::steady_clock::time_point seen;
  };
  void wake(const waiters& whom) const;
  bool is_known(std::uint64_t number);
  void publish(std::uint64_t newest);
  bool is_followed();

  user_store& store_;
  std::function<void(const revocation&)> on_revoked_;
  std::atomic<std::uint64_t> newest_{0};
  std::mutex lock_;
  waiters followers_;
  waiters looker_;  // one or none
  waiters revokers_;
  std::unordered_map<std::string, follower> nodes_;
};

}  // namespace sluice::identity
