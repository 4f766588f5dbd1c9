#include "limits/sliding_window.hpp"

#include <algorithm>

namespace sluice::limits {

using std::chrono::milliseconds;

decision sliding_window::take(const sliding_window_rule& rule, nanoseconds now, std::uint32_t cost) {
  // An entry's time is rounded up, so nothing is ever forgotten too early.
  const milliseconds at = std::chrono::ceil<milliseconds>(now);
  forget(std::chrono::floor<milliseconds>(now) - rule.per);
  decision made{.allowed = cost <= rule.limit && count_ <= rule.limit - cost, .limit = rule.limit};
  if (made.allowed) {
    if (first_ == log_.size() || log_.back().at < at) log_.push_back({.at = at, .count = 0});
    log_.back().count += cost;
    count_ += cost;
    made.receipt = log_.back().at.count();
  } else {
    made.retry_after = std::max(time_of_room(rule, cost) - now, nanoseconds(0));
  }
  made.remaining = rule.limit - std::min(count_, rule.limit);
  made.reset = std::max(idle_at(rule) - now, nanoseconds(0));
  return made;
}

void sliding_window::give_back(const decision& taken, std::uint32_t cost) {
  const auto begin = log_.begin() + static_cast<std::ptrdiff_t>(first_);
  const auto found = std::ranges::lower_bound(begin, log_.end(), milliseconds(taken.receipt), {}, &entry::at);
  if (found == log_.end() || found->at != milliseconds(taken.receipt)) return;  // too old to matter any more
  const std::uint32_t less = std::min(cost, found->count);
  found->count -= less;
  count_ -= less;
  if (found->count == 0) log_.erase(found);
}

sliding_window::nanoseconds sliding_window::idle_at(const sliding_window_rule& rule) const {
  return count_ == 0 ? nanoseconds::min() / 2 : nanoseconds(log_.back().at + rule.per);
}

void sliding_window::forget(milliseconds until) {
  for (; first_ < log_.size() && log_[first_].at <= until; ++first_)
    count_ -= log_[first_].count;
  if (first_ == log_.size()) {
    log_.clear();
    first_ = 0;
  } else if (first_ >= 16 && first_ * 2 >= log_.size()) {
    log_.erase(log_.begin(), log_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

// When so much will have been forgotten that `cost` fits; for what never will, when all is.
milliseconds sliding_window::time_of_room(const sliding_window_rule& rule, std::uint32_t cost) const {
  std::uint32_t left = count_;
  milliseconds last{0};
  for (std::size_t i = first_; i < log_.size(); ++i) {
    left -= log_[i].count;
    last = log_[i].at;
    if (cost <= rule.limit && left <= rule.limit - cost) break;
  }
  return last + rule.per;
}

}  // namespace sluice::limits
