// Limits in a Redis: one count for all nodes that use the same one.
#pragma once

#include <memory>
#include <string>

#include "limits/limiter.hpp"
#include "state/redis_client.hpp"

namespace sluice::limits {

/// Each rule is one script, so a `take` is one step, on Redis' clock. Keys are hashed: neither their length nor their
/// bytes are a stranger's choice, and no address or name is kept there. A key ends when it is as if it had never been
/// used. Exact as `limiter` says; a token bucket to the microsecond.
class limiter_redis final : public limiter {
 public:
  explicit limiter_redis(std::shared_ptr<state::redis_client> asked) : redis_(std::move(asked)) {}

  task<result<decision>> take(const limit& by, std::string_view key, std::uint32_t cost = 1) override;
  task<result<void>> give_back(const limit& by, std::string_view key, const decision& taken,
                               std::uint32_t cost = 1) override;

 private:
  std::shared_ptr<state::redis_client> redis_;
};

}  // namespace sluice::limits
