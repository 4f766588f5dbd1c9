// Who is asked, and when, until somebody answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "agent/route_table.hpp"
#include "agent/settings.hpp"
#include "base/error.hpp"

namespace sluice::agent {

/// The attempts of one generation up to its first delta. No I/O, no clock of its own.
///
/// First the target that was drawn; when it fails, the model's others, drawn by weight, then those of its fallbacks in
/// their order: each once, at once. After all of them those that may have recovered meanwhile are asked again, up to
/// `retry.attempts` times each, after a pause with full jitter: uniformly random between nothing and
/// `base_delay` · 2ⁿ, at most `max_delay` (Brooker, "Exponential Backoff And Jitter"). A `retry_after` of the provider
/// holds where it is longer; one beyond `max_delay` means that it is not asked again.
///
/// What is worth another attempt: rate_limited, unavailable, timed_out, bad_gateway, and of another target also what
/// lasts at this one (our credentials, an unknown model). Everything else is the request's own fault, but for what only
/// a later target cannot do (invalid_argument): then the next one is asked.
///
/// Time: all attempts together have the patience that the first provider has for one (`provider::patience`). Each has
/// an equal share of what is left with the targets that nobody has asked yet, so that the last one still has time; a
/// target that used up its share is not asked again.
class attempt_plan {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `fallbacks`: whether the model's fallbacks count. For some questions another model is no answer.
  attempt_plan(route first, retry_settings told, std::chrono::milliseconds patience, time_point now,
               bool fallbacks = true);

  const route& current() const { return targets_[at_].to; }
  /// The number of the attempt, counted from 1.
  std::uint32_t number() const { return number_; }
  /// How long the current attempt may take up to its first delta.
  std::chrono::milliseconds share(time_point now) const;

  /// The current attempt failed before it said anything. If another is worth it, `current` is that one from now on, and
  /// the answer is how long to wait before. `others`: where else the request may go; asked for after the first failure.
  /// `dice`: uniformly random.
  std::optional<std::chrono::milliseconds> next(const error& why, const route_table& others, time_point now,
                                                std::uint64_t dice);

  /// Of all failures the one that tells the client most.
  const error& verdict() const { return verdict_; }

 private:
  struct target {
    route to;
    std::uint32_t attempts = 0;
    bool is_over = false;                   // asking again is of no use
    std::chrono::milliseconds wait_min{0};  // the provider's own word
  };
  void judge(const error& why);
  std::optional<std::chrono::milliseconds> ask_again(time_point now, std::uint64_t dice);

  std::vector<target> targets_;
  std::size_t at_ = 0;
  std::uint32_t number_ = 1;
  retry_settings told_;
  time_point until_;
  bool fallbacks_;
  bool knows_others_ = false;
  error verdict_;
};

/// A provider's failure as a client is told of it: unavailable always says when to come back. Attempts see it without,
/// for a provider that cannot be reached wants no pause of its own.
error for_client(error why);

}  // namespace sluice::agent
