// Some revocations, to be looked up by who is affected.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "door/principal.hpp"
#include "identity/identity_service.hpp"

namespace sluice::gateway {

/// Immutable once built; shared by all workers.
class revoked_sessions {
 public:
  void add(identity::revocation one);
  bool empty() const { return by_user_.empty(); }
  /// Whether what `who` came in with is among them.
  bool cover(const door::principal& who) const;

 private:
  std::unordered_multimap<std::string, identity::revocation> by_user_;
};

}  // namespace sluice::gateway
