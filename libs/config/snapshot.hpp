// An immutable value that can be replaced while others are reading the one before.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace sluice::config {

/// A request takes `current()` once and keeps it to its end; `replace` changes what later ones see. From any thread.
template <class T>
class snapshot {
 public:
  explicit snapshot(T first) : now_(std::make_shared<const T>(std::move(first))) {}
  snapshot(const snapshot&) = delete;
  snapshot& operator=(const snapshot&) = delete;

  std::shared_ptr<const T> current() const { return now_.load(std::memory_order_acquire); }
  void replace(T next) { now_.store(std::make_shared<const T>(std::move(next)), std::memory_order_release); }

 private:
  std::atomic<std::shared_ptr<const T>> now_;
};

}  // namespace sluice::config
