// Shared state within one process.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/keyed_hash.hpp"
#include "state/announcement_board.hpp"
#include "state/member_table.hpp"
#include "state/shared_state.hpp"

namespace sluice::state {

struct shared_state_memory_settings {
  /// What values and leases may hold, and what counters may, keys and overhead included. They are bounded apart: what a
  /// stranger can make us count must not keep out what we gave to somebody.
  std::size_t bytes_max = std::size_t{64} << 20;
  std::size_t shards = 64;
};

/// Keys that have ended are removed with later calls, or by `sweep`. When there is no room left, new keys are refused
/// (`unavailable`); none is forgotten before its time. A shard's lock is held for a look-up, never over a wait.
class shared_state_memory : public shared_state {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using clock = std::function<time_point()>;

  explicit shared_state_memory(shared_state_memory_settings told = {}, clock now = std::chrono::steady_clock::now);
  ~shared_state_memory() override;
  shared_state_memory(const shared_state_memory&) = delete;
  shared_state_memory& operator=(const shared_state_memory&) = delete;

  task<result<void>> put(std::string key, std::string value, duration lifetime) override;
  task<result<bool>> put_if_absent(std::string key, std::string value, duration lifetime) override;
  task<result<std::optional<std::string>>> get(std::string key) override;
  task<result<std::optional<std::string>>> take(std::string key) override;
  task<result<bool>> remove(std::string key) override;
  task<result<bool>> extend(std::string key, duration lifetime) override;
  task<result<std::int64_t>> add(std::string key, std::int64_t amount, duration lifetime) override;
  task<result<bool>> hold(std::string key, std::string owner, std::string value, duration lifetime) override;
  task<result<bool>> renew(std::string key, std::string owner, duration lifetime) override;
  task<result<bool>> release(std::string key, std::string owner) override;
  task<result<std::optional<holding>>> find_holder(std::string key) override;
  task<result<void>> enlist(std::string group, member one, duration lifetime) override;
  task<result<bool>> delist(std::string group, std::string name) override;
  task<result<std::vector<member>>> list(std::string group) override;
  task<result<void>> publish(std::string topic, std::string text) override;
  std::unique_ptr<subscription> subscribe(executor on, std::vector<std::string> topics) override;

  /// Removes all keys and members that have ended. Any thread.
  void sweep();
  /// Keys that are held, ended ones included until they are removed.
  std::size_t size() const;

 private:
  class shard;
  shard& shard_of(std::string_view key);

  clock now_;
  keyed_hash hash_;
  std::vector<std::unique_ptr<shard>> shards_;
  member_table groups_;
  announcement_board board_;
};

}  // namespace sluice::state
