// Limits in a Redis: one count for all nodes together.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "limits/limiter.hpp"
#include "state/redis_client.hpp"

namespace sluice::limits {

/// Decides as `limiter_memory` does, by one script on Redis' own clock, to the microsecond: nodes whose clocks differ
/// count alike. Where that clock is turned back, a key is refused for no longer than the rule takes to forget all. What
/// is as if it had never been used ends by itself.
///
/// A name whose rule becomes one of the other kind begins anew. Where the answer was lost on its way, a charge may have
/// been made all the same.
class limiter_redis final : public limiter {
 public:
  /// Since 1970. To the microsecond, for tests; without it, it is Redis'.
  using clock = std::function<std::chrono::microseconds()>;

  explicit limiter_redis(std::shared_ptr<state::redis_client> asked, clock now = {});

  task<result<decision>> take(const limit& by, std::string_view key, std::uint32_t cost = 1) override;
  task<result<void>> give_back(const limit& by, std::string_view key, const decision& taken,
                               std::uint32_t cost = 1) override;

 private:
  using words = std::vector<std::string>;
  task<result<decision>> take_tokens(token_bucket_rule rule, words keys, std::uint32_t cost);
  task<result<decision>> take_room(sliding_window_rule rule, words keys, std::uint32_t cost);
  words keys_of(const limit& by, std::string_view key) const;
  void tell_time(words& arguments) const;

  std::shared_ptr<state::redis_client> redis_;
  clock now_;
};

}  // namespace sluice::limits
