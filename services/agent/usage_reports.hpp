// The agent's face on what everybody has used; for those who administrate.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "async/task.hpp"
#include "base/error.hpp"
#include "generation/usage.hpp"

namespace sluice::agent {

enum class usage_grouping : std::uint8_t { day, user, model, provider };

struct usage_report_request {
  std::string from;                ///< a UTC day: 2026-11-23
  std::string to;                  ///< included; at most 366 days
  std::vector<usage_grouping> by;  ///< none: the total alone
  std::string user_id;             ///< of this one only; empty: of all. So the next two
  std::string model;
  std::string provider;
};

/// What is not grouped by is empty.
struct usage_report_row {
  std::string day;
  std::string user_id;
  std::string model;  ///< as it was asked for
  std::string provider;
  std::uint64_t requests = 0;
  std::uint64_t failed = 0;
  generation::usage tokens;
  std::int64_t cost_nano_usd = 0;  ///< of those whose cost is known
};

inline constexpr std::size_t usage_rows_max = 5'000;

struct usage_report {
  std::vector<usage_report_row> rows;  ///< by day, then by what was used most
  usage_report_row total;              ///< of everything in the range, also of rows that were left out
  bool truncated = false;              ///< there were more rows than `usage_rows_max`
};

/// Held and called as `service`.
class usage_reports {
 public:
  virtual ~usage_reports() = default;
  /// Errors: invalid_argument on `from` or `to`; unavailable.
  virtual task<result<usage_report>> report_usage(usage_report_request asked) = 0;
};

}  // namespace sluice::agent
