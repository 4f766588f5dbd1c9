// What everybody has used, for those who administrate: the rules behind `usage_reports`.
#pragma once

#include "agent/conversation_store.hpp"
#include "agent/usage_reports.hpp"

namespace sluice::agent {

/// Any worker; the store outlives it.
class usage_ledger final : public usage_reports {
 public:
  explicit usage_ledger(conversation_store& store) : store_(store) {}

  task<result<usage_report>> report_usage(usage_report_request asked) override;

 private:
  conversation_store& store_;
};

/// A range of UTC days, both included, as days since 1970.
struct day_range {
  std::int64_t first = 0;
  std::int64_t last = 0;
};
/// Errors: invalid_argument on `from` or `to`, which are at most 366 days.
result<day_range> parse_days(std::string_view from, std::string_view to);

}  // namespace sluice::agent
