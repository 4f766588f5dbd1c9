// What becomes of limits while the counts that all nodes share are away.
#pragma once

#include <memory>

#include "limits/limiter.hpp"
#include "limits/limiter_memory.hpp"
#include "state/redis_client.hpp"

namespace sluice::limits {

enum class when_away : std::uint8_t {
  open,    ///< everything is allowed
  local,   ///< each node counts on its own, from the beginning
  closed,  ///< `unavailable`
};

/// Asks the shared counts, and where they say `unavailable` does as it was told. What was charged where is in the
/// receipt, so that it is given back there.
class limiter_fallback final : public limiter {
 public:
  limiter_fallback(std::unique_ptr<limiter> shared, when_away otherwise, limiter_memory_settings local = {});

  task<result<decision>> take(const limit& by, std::string_view key, std::uint32_t cost = 1) override;
  task<result<void>> give_back(const limit& by, std::string_view key, const decision& taken,
                               std::uint32_t cost = 1) override;

 private:
  const std::unique_ptr<limiter> shared_;
  const when_away otherwise_;
  limiter_memory local_;
};

/// On `redis`, or in memory where there is none.
std::unique_ptr<limiter> make_limiter(std::shared_ptr<state::redis_client> redis, when_away otherwise);

}  // namespace sluice::limits
