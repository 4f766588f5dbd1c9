#include "limits/limiter_fallback.hpp"

#include <utility>

namespace sluice::limits {
namespace {

std::string_view to_string(when_away then) {
  switch (then) {
    case when_away::open:
      return "everything may happen";
    case when_away::local:
      return "this node counts for itself";
    case when_away::closed:
      return "what is limited is refused";
  }
  return "";
}

// Receipts are positive: the sign tells whose one is. Nothing was charged for 0.
decision as_local(decision made) {
  made.receipt = -made.receipt;
  return made;
}

std::uint32_t burst_of(const limit& by) {
  if (const auto* const bucket = std::get_if<token_bucket_rule>(&by.rule)) return bucket->burst;
  return std::get<sliding_window_rule>(by.rule).limit;
}

}  // namespace

limiter_fallback::limiter_fallback(std::unique_ptr<limiter> common, when_away then, telemetry::logger log,
                                   telemetry::counter* decided)
    : common_(std::move(common)), then_(then), log_(std::move(log)), decided_(decided) {}

// `by` and `key` may be gone once the common count has been asked.
task<result<decision>> limiter_fallback::take(const limit& by, std::string_view key, std::uint32_t cost) {
  const limit rule = by;
  const std::string name(key);
  auto made = co_await common_->take(rule, name, cost);
  if (made) {
    note_back();
    co_return made;
  }
  note_away(made.error());
  if (then_ == when_away::closed) co_return made;
  if (decided_ != nullptr) decided_->add();
  if (then_ == when_away::open)
    co_return decision{.allowed = true, .limit = burst_of(rule), .remaining = burst_of(rule)};
  const auto counted = co_await local_.take(rule, name, cost);
  if (!counted) co_return counted;
  co_return as_local(*counted);
}

task<result<void>> limiter_fallback::give_back(const limit& by, std::string_view key, const decision& taken,
                                               std::uint32_t cost) {
  if (taken.receipt > 0) co_return co_await common_->give_back(by, key, taken, cost);
  if (taken.receipt < 0) co_return co_await local_.give_back(by, key, as_local(taken), cost);
  co_return result<void>();
}

void limiter_fallback::note_away(const error& why) {
  if (is_away_.exchange(true)) return;
  log_.warning("limits cannot be counted together", {{"meanwhile", to_string(then_)}, {"problem", why.detail}});
}

void limiter_fallback::note_back() {
  if (is_away_.load(std::memory_order_relaxed) && is_away_.exchange(false))
    log_.info("limits are counted together again");
}

}  // namespace sluice::limits
