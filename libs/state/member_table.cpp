#include "state/member_table.hpp"

namespace sluice::state {
namespace {

error no_room() {
  error full{.reason = error_reason::unavailable, .message = "this server has too much to remember; try again later"};
  full.retry_after = std::chrono::seconds(1);
  full.detail = "there are too many groups, or too many members of one";
  return full;
}

}  // namespace

result<void> member_table::enlist(const std::string& group, member one, time_point now, time_point end) {
  const std::scoped_lock lock(mutex_);
  auto found = find(group, now);
  if (found == groups_.end()) {
    if (groups_.size() >= groups_max) return std::unexpected(no_room());
    found = groups_.try_emplace(group).first;
  }
  if (found->second.size() >= shared_state::group_members_max && !found->second.contains(one.name))
    return std::unexpected(no_room());
  found->second.insert_or_assign(std::move(one.name), entry{.value = std::move(one.value), .end = end});
  return {};
}

bool member_table::delist(const std::string& group, const std::string& name, time_point now) {
  const std::scoped_lock lock(mutex_);
  const auto found = find(group, now);
  return found != groups_.end() && found->second.erase(name) != 0;
}

std::vector<member> member_table::list(const std::string& group, time_point now) {
  const std::scoped_lock lock(mutex_);
  std::vector<member> all;
  if (const auto found = find(group, now); found != groups_.end()) {
    for (const auto& [name, one] : found->second)
      all.push_back({.name = name, .value = one.value});
  }
  return all;
}

void member_table::sweep(time_point now) {
  const std::scoped_lock lock(mutex_);
  for (auto next = groups_.begin(); next != groups_.end();)
    find((next++)->first, now);
}

std::map<std::string, member_table::members>::iterator member_table::find(const std::string& group, time_point now) {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return found;
  std::erase_if(found->second, [now](const auto& one) { return one.second.end <= now; });
  if (!found->second.empty()) return found;
  groups_.erase(found);
  return groups_.end();
}

}  // namespace sluice::state
