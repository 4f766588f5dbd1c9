// Shared state in a Redis (6.2 or newer), for all nodes that use the same one.
#pragma once

#include <memory>

#include "state/redis_client.hpp"
#include "state/redis_listener.hpp"
#include "state/shared_state.hpp"

namespace sluice::state {

/// Values are strings, counters hashes, leases lists of owner and value, so that Redis itself tells the kinds apart;
/// a group is a hash of its members and a sorted set of their ends. All time is Redis'. Names stand in braces in the
/// keys, so that those of one name share a slot of a Cluster.
class shared_state_redis final : public shared_state {
 public:
  /// `on` is where the connection for announcements lives.
  shared_state_redis(std::shared_ptr<redis_client> asked, executor on, const telemetry::logger& log);

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

 private:
  std::string key_of(std::string_view key) const;
  std::vector<std::string> keys_of_group(std::string_view group) const;

  std::shared_ptr<redis_client> redis_;
  const std::string prefix_;
  const std::string channel_;
  redis_listener listener_;
};

}  // namespace sluice::state
