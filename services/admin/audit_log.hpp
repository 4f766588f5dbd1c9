// What admins did, kept for good: the face of its store, in business words. Ids and times are the callers'.
#pragma once

#include <string>

#include "admin/admin_service.hpp"

namespace sluice::admin {

/// Errors: `unavailable` where the database is away.
class audit_log {
 public:
  virtual ~audit_log() = default;

  /// On the disk when it returns.
  virtual task<result<void>> begin(audit_event event) = 0;
  /// What became of it; the target, where the action has made it.
  virtual task<result<void>> end(audit_event event) = 0;
  /// After the event of `cursor`, one more than the request's `limit` so that the caller sees whether there is more.
  virtual task<result<std::vector<audit_event>>> list(list_audit_request asked) = 0;
};

}  // namespace sluice::admin
