// Limits within one process.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "base/keyed_hash.hpp"
#include "limits/limiter.hpp"

namespace sluice::limits {

struct limiter_memory_settings {
  std::size_t keys_max = 262'144;  ///< about 200 bytes each; sliding windows have their logs on top
  std::size_t shards = 64;
};

/// Keys that are as if they had never been used are forgotten, for that changes nothing. When there are too many keys
/// all the same, the one among some that is nearest to that makes room; one that has reached its limit never does, so a
/// flood of new keys frees nobody. If none can go, the new key is refused (`unavailable`).
///
/// A key's shard is locked for the arithmetic, never over a wait; keys of different shards do not meet.
class limiter_memory final : public limiter {
 public:
  using nanoseconds = std::chrono::nanoseconds;
  /// Since any moment; must not go back.
  using clock = std::function<nanoseconds()>;

  explicit limiter_memory(limiter_memory_settings told = {}, clock now = steady_time);
  ~limiter_memory() override;
  limiter_memory(const limiter_memory&) = delete;
  limiter_memory& operator=(const limiter_memory&) = delete;

  task<result<decision>> take(const limit& by, std::string_view key, std::uint32_t cost = 1) override;
  task<result<void>> give_back(const limit& by, std::string_view key, const decision& taken,
                               std::uint32_t cost = 1) override;

  /// Keys that are held, idle ones included until they are forgotten.
  std::size_t size() const;

 private:
  class shard;
  struct place;
  place find_place(const limit& by, std::string_view key) const;
  static nanoseconds steady_time() { return std::chrono::steady_clock::now().time_since_epoch(); }

  clock now_;
  keyed_hash hash_;
  std::vector<std::unique_ptr<shard>> shards_;
};

}  // namespace sluice::limits
