// The generations of this process, by id: running ones, and ended ones that late cursors may still want.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include <boost/asio/cancellation_signal.hpp>

#include "agent/agent_service.hpp"
#include "telemetry/span.hpp"

namespace sluice::agent {

/// One generation. `log`, `who`, `about`, `worker` and `began` never change; the rest is touched on `worker` only.
struct live_generation {
  std::shared_ptr<generation::log> log;
  caller who;
  started about;
  std::string request_id;
  std::string model_label;  ///< of its route
  std::size_t worker = 0;
  std::chrono::steady_clock::time_point began;
  bool resumable = true;  ///< somebody may come back for it after its end
  /// Whoever asked has its log by now. From another node that may be after its end.
  std::atomic<bool> handed_out = false;
  bool has_key = false;  ///< whoever did not hear of it asks again and finds it
  telemetry::span trace;
  std::optional<error> problem;  ///< what it fails of, whatever its provider says

  asio::cancellation_signal stop;
  bool cancelled = false;  ///< it was told to stop: by its client, or else for a `problem`
  std::optional<std::chrono::steady_clock::time_point> unfollowed_since;
  std::chrono::steady_clock::time_point ended_at;
};

/// Looked into when a generation begins, is followed, cancelled or forgotten; never for a delta. Any thread.
class generation_table {
 public:
  /// False if the user has `live_per_user_max` running already.
  bool add(const std::shared_ptr<live_generation>& added, std::uint32_t live_per_user_max);
  /// The generation has ended: it no longer counts against its user.
  void settle(const live_generation& ended);
  void forget(const std::string& id);
  std::shared_ptr<live_generation> find(const std::string& id) const;

 private:
  // By the hash of the key, so that two workers seldom want the same lock.
  struct shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, std::shared_ptr<live_generation>> by_id;
    std::unordered_map<std::string, std::uint32_t> live_by_user;
  };
  shard& shard_of(const std::string& key) { return shards_[std::hash<std::string>{}(key) % shards_.size()]; }
  const shard& shard_of(const std::string& key) const {
    return shards_[std::hash<std::string>{}(key) % shards_.size()];
  }

  std::array<shard, 64> shards_;
};

}  // namespace sluice::agent
