#include "agent/usage_ledger.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace sluice::agent {
namespace {

constexpr std::int64_t days_max = 366;
constexpr std::size_t filter_bytes_max = 512;

// "2026-11-23" as days since 1970.
result<std::int64_t> parse_day(std::string_view text, const std::string& name) {
  const auto number = [text](std::size_t at, std::size_t length) {
    int value = -1;
    const char* const end = text.data() + at + length;
    return std::from_chars(text.data() + at, end, value).ptr == end ? value : -1;
  };
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                          std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                          std::chrono::day(static_cast<unsigned>(number(8, 2)))};
    if (day.ok() && day.year() >= std::chrono::year(1970)) return std::chrono::sys_days(day).time_since_epoch().count();
  }
  return failure(error_reason::invalid_argument, fmt::format("\"{}\" must be a day such as 2026-11-23", name), name);
}

result<void> check_filter(const std::string& value, const std::string& name) {
  if (value.size() <= filter_bytes_max && is_valid_utf8(value)) return {};
  return failure(error_reason::invalid_argument,
                 fmt::format("\"{}\" must be UTF-8 of at most {} bytes", name, filter_bytes_max), name);
}

}  // namespace

result<day_range> parse_days(std::string_view from, std::string_view to) {
  const auto first = parse_day(from, "from");
  if (!first) return std::unexpected(first.error());
  const auto last = parse_day(to, "to");
  if (!last) return std::unexpected(last.error());
  if (*last < *first || *last - *first >= days_max) {
    return failure(error_reason::invalid_argument,
                   fmt::format("from \"from\" to \"to\" must be 1 to {} days", days_max), "to");
  }
  return day_range{.first = *first, .last = *last};
}

task<result<usage_report>> usage_ledger::report_usage(usage_report_request asked) {
  const auto days = parse_days(asked.from, asked.to);
  if (!days) co_return std::unexpected(days.error());
  for (const auto& [value, name] :
       {std::pair(&asked.user_id, "user_id"), {&asked.model, "model"}, {&asked.provider, "provider"}}) {
    if (auto fits = check_filter(*value, name); !fits) co_return std::unexpected(std::move(fits.error()));
  }
  std::ranges::sort(asked.by);
  const auto twice = std::ranges::unique(asked.by);
  asked.by.erase(twice.begin(), twice.end());
  co_return co_await store_.report_usage(std::move(asked), days->first, days->last);
}

}  // namespace sluice::agent
