#include "gateway/revoked_sessions.hpp"

#include <algorithm>

namespace sluice::gateway {

using namespace door;

void revoked_sessions::add(identity::revocation one) {
  std::string user_id = one.user_id;
  by_user_.emplace(std::move(user_id), std::move(one));
}

bool revoked_sessions::cover(const principal& who) const {
  if (who.fixed) return false;
  const auto [begin, end] = by_user_.equal_range(who.user_id);
  return std::any_of(begin, end, [&who](const auto& entry) {
    const identity::revocation& one = entry.second;
    if (one.session_id.empty() && one.key_id.empty()) return true;
    return (!one.session_id.empty() && one.session_id == who.session_id) ||
           (!one.key_id.empty() && one.key_id == who.key_id);
  });
}

}  // namespace sluice::gateway
