#include "identity/local_checks.hpp"

namespace sluice::identity {
namespace {

// Uses of keys are noted by identity, when it is asked.
constexpr milliseconds no_uses = std::chrono::hours(24);

}  // namespace

bool revoked_list::add(const std::string& session_id, time_point now, milliseconds lifetime) {
  const std::scoped_lock lock(lock_);
  if (until_.size() >= entries_max_) std::erase_if(until_, [now](const auto& each) { return each.second <= now; });
  if (until_.size() >= entries_max_ && !until_.contains(session_id)) return false;
  until_.insert_or_assign(session_id, now + lifetime);
  return true;
}

bool revoked_list::has(const std::string& session_id) const {
  const std::scoped_lock lock(lock_);
  return until_.contains(session_id);
}

std::size_t revoked_list::size() const {
  const std::scoped_lock lock(lock_);
  return until_.size();
}

local_checks::local_checks(std::size_t credentials_max, std::size_t revoked_max)
    : revoked_(revoked_max), verified_(credentials_max, no_uses) {}

void local_checks::trust(const verification& with) {
  trusted_.store(std::make_shared<const trusted>(token_verifier(with.told, with.keys), with.token_life));
}

bool local_checks::apply(std::uint64_t after, const revocation_batch& batch, time_point now) {
  const auto known = trusted_.load();
  bool all = true;
  for (const revocation& each : batch.revoked) {
    // The list before the answers that are remembered: `check_token` looks at them the other way round.
    if (!each.session_id.empty() && known) all = revoked_.add(each.session_id, now, known->token_life) && all;
    verified_.forget(each);
  }
  if (!all) lose_track();
  // Others may follow from farther on; what lies between is not known by that.
  std::uint64_t before = seen();
  while (after != 0 && after <= before && before < batch.last &&
         !seen_.compare_exchange_weak(before, batch.last, std::memory_order_acq_rel)) {
  }
  return all;
}

void local_checks::complete_at(std::uint64_t number) {
  seen_.store(number, std::memory_order_release);
  complete_.store(true, std::memory_order_release);
}

std::optional<identified> local_checks::find(const digest& credential, time_point now) {
  auto known = verified_.find(credential, now);
  if (!known) return std::nullopt;
  return std::move(known->who);
}

local_checks::answer local_checks::check_token(const digest& seen, std::string_view token, time_point now) {
  const auto known = trusted_.load();
  if (!known || !complete()) return {.verdict = local_verdict::ask, .who = {}};
  const auto says = known->verifier.verify(token, now);
  if (!says) {
    const bool ours = says.error() == token_fault::unknown_header && has_token_header(token);
    return {.verdict = ours ? local_verdict::unknown_key : local_verdict::refused, .who = {}};
  }
  const std::uint64_t epoch = verified_.epoch();
  if (revoked_.has(says->session_id)) return {.verdict = local_verdict::refused, .who = {}};
  identified who{.user_id = says->user_id,
                 .username = says->username,
                 .role = says->role,
                 .session_id = says->session_id,
                 .key_id = {},
                 .expires_at = says->expires_at};
  verified_.remember(seen, who, now, says->expires_at, epoch);
  return {.verdict = local_verdict::good, .who = std::move(who)};
}

void local_checks::remember_key(const digest& seen, const identified& who, time_point now, time_point until,
                                std::uint64_t epoch, std::uint64_t as_of) {
  if (!complete() || as_of < this->seen()) return;
  verified_.remember(seen, who, now, until, epoch);
}

}  // namespace sluice::identity
