// Credentials that were checked and whom they stand for, so that a request costs one hash and no signature or query.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/digest.hpp"
#include "identity/identity_service.hpp"

namespace sluice::identity {

/// In shards, each with a lock that is held for one look-up. Bounded: a full shard lets go of what has run out, else of
/// any. Any thread.
class verified_credentials {
 public:
  /// `use_interval`: how often a use of an API key is `use_due`.
  verified_credentials(std::size_t entries_max, std::chrono::milliseconds use_interval);

  struct known {
    identified who;
    bool use_due = false;  ///< an API key whose use nobody has been told of for a while
  };
  std::optional<known> find(const digest& credential, time_point now);

  /// Taken before the database is asked; `remember` keeps nothing if something was revoked since, or if it
  /// runs out at this moment.
  std::uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }
  void remember(const digest& credential, const identified& who, time_point now, time_point until, std::uint64_t epoch);

  void forget(const revocation& what);
  std::size_t size() const;

 private:
  // A digest is as good a hash as any.
  struct first_bytes {
    std::size_t operator()(const digest& bytes) const;
  };
  struct entry {
    identified who;
    time_point until;
    time_point use_due_at;
  };
  struct shard {
    mutable std::mutex lock;
    std::unordered_map<digest, entry, first_bytes> entries;
  };
  static constexpr std::size_t shard_count = 64;
  shard& shard_of(const digest& credential) { return shards_[credential.back() % shard_count]; }
  void make_room(shard& in, time_point now) const;

  std::size_t shard_entries_max_;
  std::chrono::milliseconds use_interval_;
  std::atomic<std::uint64_t> epoch_{0};
  std::unique_ptr<shard[]> shards_;
};

}  // namespace sluice::identity
