// The audit log in SQL that SQLite and PostgreSQL both understand.
#pragma once

#include "admin/audit_log.hpp"
#include "store/database.hpp"

namespace sluice::admin {

/// The tables of migrations/. Any worker; the database outlives it.
class audit_store_sql final : public audit_log {
 public:
  explicit audit_store_sql(store::database& in) : database_(in) {}

  /// Brings the schema up to date; before anything else is asked. Blocking.
  result<void> migrate();

  task<result<void>> begin(audit_event event) override;
  task<result<void>> end(audit_event event) override;
  task<result<std::vector<audit_event>>> list(list_audit_request asked) override;

 private:
  store::database& database_;
};

}  // namespace sluice::admin
