#include "agent/attempt_plan.hpp"

#include <algorithm>
#include <utility>

namespace sluice::agent {
namespace {

using std::chrono::milliseconds;

// Which of several failures to tell. A client can act on "come back in 3 s"; "they answered nonsense" it can only read.
int telling(error_reason reason) {
  switch (reason) {
    case error_reason::rate_limited:
      return 4;
    case error_reason::unavailable:
      return 3;
    case error_reason::timed_out:
      return 2;
    case error_reason::bad_gateway:
      return 1;
    default:
      return 0;
  }
}

// When to come back for a provider that cannot be reached and says nothing of it.
constexpr milliseconds come_back{1'000};

bool may_pass(const error& why) {
  return !why.lasting && telling(why.reason) > 0;
}

bool is_worth_another_target(const error& why) {
  return why.lasting || telling(why.reason) > 0 || why.reason == error_reason::not_found;
}

}  // namespace

attempt_plan::attempt_plan(route first, retry_settings told, milliseconds patience, time_point now, bool fallbacks)
    : told_(told), fallbacks_(fallbacks) {
  targets_.push_back({.to = std::move(first), .attempts = 1});
  // Some providers wait for ever.
  until_ = patience < std::chrono::hours(24) ? now + patience : time_point::max();
}

milliseconds attempt_plan::share(time_point now) const {
  if (until_ == time_point::max()) return milliseconds::max();
  const auto left = std::max(std::chrono::duration_cast<milliseconds>(until_ - now), milliseconds(0));
  const auto fresh = [](const target& one) { return one.attempts == 0; };
  const auto waiting =
      knows_others_ ? static_cast<std::size_t>(std::ranges::count_if(targets_, fresh)) : targets_.front().to.others;
  return left / static_cast<std::int64_t>(waiting + 1);
}

void attempt_plan::judge(const error& why) {
  target& failed = targets_[at_];
  failed.is_over = !may_pass(why) || why.reason == error_reason::timed_out || failed.attempts >= told_.attempts ||
                   why.retry_after.value_or(milliseconds(0)) > told_.max_delay;
  failed.wait_min = why.retry_after.value_or(milliseconds(0));
  if (number_ == 1 || telling(why.reason) >= telling(verdict_.reason)) verdict_ = why;
}

std::optional<milliseconds> attempt_plan::next(const error& why, const route_table& others, time_point now,
                                               std::uint64_t dice) {
  judge(why);
  // What another model was asked for and cannot do is no fault of the request's own: the next one may.
  const bool is_of_this_target = number_ > 1 && why.reason == error_reason::invalid_argument;
  if (!(is_worth_another_target(why) || is_of_this_target) || now >= until_) return std::nullopt;
  if (!std::exchange(knows_others_, true)) {
    for (route& other : others.alternatives(current(), dice, fallbacks_))
      targets_.push_back({.to = std::move(other)});
  }
  const auto fresh = std::ranges::find(targets_, 0U, &target::attempts);
  if (fresh == targets_.end()) return ask_again(now, dice);
  at_ = static_cast<std::size_t>(fresh - targets_.begin());
  targets_[at_].attempts = 1;
  ++number_;
  return milliseconds(0);
}

std::optional<milliseconds> attempt_plan::ask_again(time_point now, std::uint64_t dice) {
  const auto open = [](const target& one) { return !one.is_over; };
  // Whoever was asked least; of those the first, as the order is the operator's.
  auto chosen = std::ranges::find_if(targets_, open);
  if (chosen == targets_.end()) return std::nullopt;
  for (auto one = chosen; one != targets_.end(); ++one) {
    if (open(*one) && one->attempts < chosen->attempts) chosen = one;
  }
  const std::uint32_t doublings = std::min(chosen->attempts - 1, 20U);
  const milliseconds ceiling = std::min<milliseconds>(told_.base_delay * (1LL << doublings), told_.max_delay);
  const auto jitter = milliseconds(static_cast<std::int64_t>(dice % static_cast<std::uint64_t>(ceiling.count() + 1)));
  const milliseconds wait = std::max(jitter, chosen->wait_min);
  if (until_ != time_point::max() && now + wait >= until_) return std::nullopt;
  at_ = static_cast<std::size_t>(chosen - targets_.begin());
  ++targets_[at_].attempts;
  ++number_;
  return wait;
}

error for_client(error why) {
  if (why.reason == error_reason::unavailable && !why.retry_after) why.retry_after = come_back;
  return why;
}

}  // namespace sluice::agent
