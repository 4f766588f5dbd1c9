// An immutable value that can be replaced while others are reading the one before.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace sluice::config {

/// A request takes `current()` once and keeps it to its end; `replace` changes what later ones see. From any thread.
template <class T>
class snapshot {
 public:
  explicit snapshot(T first) : now_(std::make_shared<const T>(std::move(first))) {}
  snapshot(const snapshot&) = delete;
  snapshot& operator=(const snapshot&) = delete;

  std::shared_ptr<const T> current() const {
    const std::lock_guard held(lock_);
    return now_;
  }
  void replace(T next) {
    auto made = std::make_shared<const T>(std::move(next));
    const std::lock_guard held(lock_);
    now_.swap(made);  // the one before may be destroyed here, after the lock is gone: `made` is older than `held`
  }

 private:
  // A lock of two instructions' length: std::atomic<std::shared_ptr> of libstdc++ 12 has a data race (its load unlocks
  // with relaxed order).
  mutable std::mutex lock_;
  std::shared_ptr<const T> now_;
};

}  // namespace sluice::config
