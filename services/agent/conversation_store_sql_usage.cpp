// Usage of everybody, summed as a report wants it.
#include <algorithm>
#include <array>
#include <tuple>

#include <fmt/format.h>

#include "agent/conversation_store_sql.hpp"
#include "agent/conversation_store_sql_rows.hpp"

namespace sluice::agent {
namespace {

constexpr std::array<std::pair<usage_grouping, std::string_view>, 4> columns{{
    {usage_grouping::day, "ended_at_ms / 86400000"},
    {usage_grouping::user, "user_id"},
    {usage_grouping::model, "model"},
    {usage_grouping::provider, "provider"},
}};

std::string sum_of(std::string_view what) {
  return fmt::format(", CAST(COALESCE(SUM({}), 0) AS BIGINT)", what);
}

// Those of the request's groupings that are there as columns, the others as nothing.
std::string selection(const std::vector<usage_grouping>& by, std::string& groups) {
  std::string selected;
  for (const auto& [which, column] : columns) {
    const bool is_grouped = std::ranges::find(by, which) != by.end();
    if (!selected.empty()) selected += ", ";
    selected += is_grouped ? column : which == usage_grouping::day ? "0" : "''";
    if (is_grouped) groups += fmt::format("{}{}", groups.empty() ? " GROUP BY " : ", ", column);
  }
  selected += ", COUNT(DISTINCT generation_id)";
  for (const std::string_view each :
       {"CASE WHEN status IN ('failed', 'interrupted') THEN 1 ELSE 0 END",
        "CASE WHEN source = 'provider' THEN 0 ELSE 1 END", "input_tokens", "cached_tokens", "cache_write_tokens",
        "output_tokens", "reasoning_tokens", "cost_nano_usd"}) {
    selected += sum_of(each);
  }
  return selected;
}

struct row_reader {
  usage_report_row row;
  long long day = 0;
  long long requests = 0;
  std::array<long long, 8> sums{};

  void bind(soci::statement& to) {
    to.exchange(soci::into(day));
    to.exchange(soci::into(row.user_id));
    to.exchange(soci::into(row.model));
    to.exchange(soci::into(row.provider));
    to.exchange(soci::into(requests));
    for (long long& each : sums)
      to.exchange(soci::into(each));
  }

  usage_report_row read(bool has_day) {
    usage_report_row made = row;
    if (has_day) {
      const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
      made.day = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                             static_cast<unsigned>(date.day()));
    }
    made.requests = static_cast<std::uint64_t>(requests);
    made.failed = static_cast<std::uint64_t>(sums[0]);
    made.tokens = {.input_tokens = sums[2],
                   .cached_tokens = sums[3],
                   .cache_write_tokens = sums[4],
                   .output_tokens = sums[5],
                   .reasoning_tokens = sums[6]};
    made.tokens.source = sums[1] == 0 ? generation::usage_source::provider : generation::usage_source::estimated;
    made.cost_nano_usd = sums[7];
    return made;
  }
};

std::vector<usage_report_row> sum(soci::session& in, const usage_report_request& asked,
                                  const std::vector<usage_grouping>& by, long long from, long long until) {
  std::string groups;
  std::string question =
      "SELECT " + selection(by, groups) + " FROM usage_events WHERE ended_at_ms >= :from AND ended_at_ms < :until";
  soci::statement select(in);
  select.exchange(soci::use(from));
  select.exchange(soci::use(until));
  const auto filter = [&](std::string_view column, const std::string& value) {
    if (value.empty()) return;
    question += fmt::format(" AND {} = :{}", column, column);
    select.exchange(soci::use(value));
  };
  filter("user_id", asked.user_id);
  filter("model", asked.model);
  filter("provider", asked.provider);
  row_reader reader;
  reader.bind(select);
  select.alloc();
  select.prepare(question + groups +
                 fmt::format(" ORDER BY SUM(input_tokens + output_tokens) DESC LIMIT {}", usage_rows_max + 1));
  select.define_and_bind();
  select.execute();
  const bool has_day = std::ranges::find(by, usage_grouping::day) != by.end();
  std::vector<usage_report_row> rows;
  while (select.fetch())
    rows.push_back(reader.read(has_day));
  return rows;
}

}  // namespace

task<result<usage_report>> conversation_store_sql::report_usage(usage_report_request asked, std::int64_t from_day,
                                                                std::int64_t to_day) {
  constexpr long long day_ms = 86'400'000;
  co_return co_await database_.read([asked = std::move(asked), from = from_day * day_ms,
                                     until = (to_day + 1) * day_ms](soci::session& in) -> result<usage_report> {
    usage_report made;
    if (!asked.by.empty()) made.rows = sum(in, asked, asked.by, from, until);
    made.truncated = made.rows.size() > usage_rows_max;
    if (made.truncated) made.rows.pop_back();
    std::ranges::sort(made.rows, {}, [](const usage_report_row& row) {
      return std::tuple(std::string_view(row.day), -row.tokens.total_tokens(), std::string_view(row.user_id));
    });
    made.total = sum(in, asked, {}, from, until).at(0);
    return made;
  });
}

}  // namespace sluice::agent
