// How much the request bodies that are being received may hold, on all connections and workers: together, and those of
// one client.
#pragma once

#include <cstddef>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "http/address.hpp"

namespace sluice::http {

/// Counts bytes under a lock that is taken only when a body comes in pieces and grows, or goes; any thread. Outlives
/// its shares.
class body_quota {
 public:
  body_quota(std::size_t bytes_max, std::size_t bytes_per_client_max)
      : bytes_max_(bytes_max), bytes_per_client_max_(bytes_per_client_max) {}
  body_quota(const body_quota&) = delete;
  body_quota& operator=(const body_quota&) = delete;

 private:
  friend class body_share;
  const std::size_t bytes_max_;
  const std::size_t bytes_per_client_max_;
  std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::unordered_map<client_key, std::size_t, client_key_hash> by_client_;  // those that hold something
};

/// What one body has taken; given back when it goes.
class body_share {
 public:
  enum class growth { fits, too_much, too_much_of_client };

  body_share() = default;
  body_share(body_quota& quota, const client_key& client) : quota_(&quota), client_(client) {}
  body_share(body_share&& other) noexcept
      : quota_(std::exchange(other.quota_, nullptr)), client_(other.client_), bytes_(std::exchange(other.bytes_, 0)) {}
  body_share& operator=(body_share&& other) noexcept;
  ~body_share();

  bool is_taken() const { return quota_ != nullptr; }
  /// Takes what is missing to `bytes`. Nothing is taken if that would be more than there is.
  growth grow_to(std::size_t bytes);

 private:
  body_quota* quota_ = nullptr;
  client_key client_{};
  std::size_t bytes_ = 0;
};

}  // namespace sluice::http
