#include "agent/generation_table.hpp"

namespace sluice::agent {

bool generation_table::add(const std::shared_ptr<live_generation>& added, std::uint32_t live_per_user_max) {
  {
    shard& users = shard_of(added->who.user_id);
    const std::scoped_lock lock(users.mutex);
    std::uint32_t& live = users.live_by_user[added->who.user_id];
    if (live >= live_per_user_max) return false;
    ++live;
  }
  shard& ids = shard_of(added->log->id());
  const std::scoped_lock lock(ids.mutex);
  ids.by_id.emplace(added->log->id(), added);
  return true;
}

void generation_table::settle(const live_generation& ended) {
  shard& users = shard_of(ended.who.user_id);
  const std::scoped_lock lock(users.mutex);
  const auto live = users.live_by_user.find(ended.who.user_id);
  if (live != users.live_by_user.end() && --live->second == 0) users.live_by_user.erase(live);
}

void generation_table::forget(const std::string& id) {
  shard& ids = shard_of(id);
  const std::scoped_lock lock(ids.mutex);
  ids.by_id.erase(id);
}

std::shared_ptr<live_generation> generation_table::find(const std::string& id) const {
  const shard& ids = shard_of(id);
  const std::scoped_lock lock(ids.mutex);
  const auto found = ids.by_id.find(id);
  return found == ids.by_id.end() ? nullptr : found->second;
}

}  // namespace sluice::agent
