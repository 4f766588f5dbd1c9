// How much the request bodies that are being received may hold together, on all connections and workers.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace sluice::http {

/// Counts bytes; any thread. Outlives its shares.
class body_quota {
 public:
  explicit body_quota(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  body_quota(const body_quota&) = delete;
  body_quota& operator=(const body_quota&) = delete;

 private:
  friend class body_share;
  const std::size_t bytes_max_;
  std::atomic<std::size_t> bytes_{0};
};

/// What one body has taken; given back when it goes.
class body_share {
 public:
  body_share() = default;
  explicit body_share(body_quota& quota) : quota_(&quota) {}
  body_share(body_share&& other) noexcept
      : quota_(std::exchange(other.quota_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  body_share& operator=(body_share&& other) noexcept {
    std::swap(quota_, other.quota_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~body_share() {
    if (quota_ != nullptr) quota_->bytes_.fetch_sub(bytes_, std::memory_order_relaxed);
  }

  /// Takes what is missing to `bytes`. False, and nothing is taken, if that would be more than there is.
  bool grow_to(std::size_t bytes) {
    if (bytes <= bytes_) return true;
    const std::size_t more = bytes - bytes_;
    if (quota_->bytes_.fetch_add(more, std::memory_order_relaxed) + more > quota_->bytes_max_) {
      quota_->bytes_.fetch_sub(more, std::memory_order_relaxed);
      return false;
    }
    bytes_ = bytes;
    return true;
  }

 private:
  body_quota* quota_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace sluice::http
