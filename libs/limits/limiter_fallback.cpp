#include "limits/limiter_fallback.hpp"

#include <utility>

#include "limits/limiter_redis.hpp"

namespace sluice::limits {
namespace {

decision allow_all(const limit& by) {
  const auto* const bucket = std::get_if<token_bucket_rule>(&by.rule);
  const std::uint32_t most = bucket != nullptr ? bucket->burst : std::get<sliding_window_rule>(by.rule).limit;
  return {.allowed = true, .limit = most, .remaining = most};
}

}  // namespace

limiter_fallback::limiter_fallback(std::unique_ptr<limiter> shared, when_away otherwise, limiter_memory_settings local)
    : shared_(std::move(shared)), otherwise_(otherwise), local_(local) {}

// Receipts are positive: of an open door it is none, of a local count it is negative.
task<result<decision>> limiter_fallback::take(const limit& by, std::string_view key, std::uint32_t cost) {
  const std::string kept(key);
  auto made = co_await shared_->take(by, kept, cost);
  if (made || made.error().reason != error_reason::unavailable || otherwise_ == when_away::closed) co_return made;
  if (otherwise_ == when_away::open) co_return allow_all(by);
  made = co_await local_.take(by, kept, cost);
  if (made) made->receipt = -made->receipt;
  co_return made;
}

task<result<void>> limiter_fallback::give_back(const limit& by, std::string_view key, const decision& taken,
                                               std::uint32_t cost) {
  if (taken.receipt == 0) co_return result<void>();
  if (taken.receipt > 0) co_return co_await shared_->give_back(by, key, taken, cost);
  decision local = taken;
  local.receipt = -local.receipt;
  co_return co_await local_.give_back(by, key, local, cost);
}

std::unique_ptr<limiter> make_limiter(std::shared_ptr<state::redis_client> redis, when_away otherwise) {
  if (!redis) return std::make_unique<limiter_memory>();
  return std::make_unique<limiter_fallback>(std::make_unique<limiter_redis>(std::move(redis)), otherwise);
}

}  // namespace sluice::limits
