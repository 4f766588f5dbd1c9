#include "identity/verified_credentials.hpp"

#include <cstring>

namespace sluice::identity {
namespace {

bool covers(const revocation& what, const identified& who) {
  if (what.user_id != who.user_id) return false;
  if (what.session_id.empty() && what.key_id.empty()) return true;
  return (!what.session_id.empty() && what.session_id == who.session_id) ||
         (!what.key_id.empty() && what.key_id == who.key_id);
}

}  // namespace

std::size_t verified_credentials::first_bytes::operator()(const digest& bytes) const {
  std::size_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

verified_credentials::verified_credentials(std::size_t entries_max, std::chrono::milliseconds use_interval)
    : shard_entries_max_(std::max<std::size_t>(1, entries_max / shard_count)),
      use_interval_(use_interval),
      shards_(std::make_unique<shard[]>(shard_count)) {}

std::optional<verified_credentials::known> verified_credentials::find(const digest& credential, time_point now) {
  shard& in = shard_of(credential);
  const std::scoped_lock lock(in.lock);
  const auto found = in.entries.find(credential);
  if (found == in.entries.end()) return std::nullopt;
  entry& held = found->second;
  if (held.until <= now) {
    in.entries.erase(found);
    return std::nullopt;
  }
  const bool use_due = !held.who.key_id.empty() && held.use_due_at <= now;
  if (use_due) held.use_due_at = now + use_interval_;
  return known{.who = held.who, .use_due = use_due};
}

void verified_credentials::remember(const digest& credential, const identified& who, time_point now, time_point until,
                                    std::uint64_t epoch) {
  shard& in = shard_of(credential);
  const std::scoped_lock lock(in.lock);
  // Under the lock: a `forget` that counts up after this passes here later and finds the entry.
  if (epoch_.load(std::memory_order_acquire) != epoch || until <= now) return;
  if (in.entries.size() >= shard_entries_max_) make_room(in, now);
  in.entries.insert_or_assign(credential, entry{.who = who, .until = until, .use_due_at = now + use_interval_});
}

void verified_credentials::make_room(shard& in, time_point now) const {
  std::erase_if(in.entries, [now](const auto& each) { return each.second.until <= now; });
  while (in.entries.size() >= shard_entries_max_)
    in.entries.erase(in.entries.begin());
}

void verified_credentials::forget(const revocation& what) {
  epoch_.fetch_add(1, std::memory_order_acq_rel);
  for (std::size_t i = 0; i < shard_count; ++i) {
    const std::scoped_lock lock(shards_[i].lock);
    std::erase_if(shards_[i].entries, [&what](const auto& each) { return covers(what, each.second.who); });
  }
}

std::size_t verified_credentials::size() const {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < shard_count; ++i) {
    const std::scoped_lock lock(shards_[i].lock);
    sum += shards_[i].entries.size();
  }
  return sum;
}

}  // namespace sluice::identity
