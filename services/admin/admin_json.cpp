#include "admin/admin_json.hpp"

#include <map>
#include <string_view>

#include <boost/json.hpp>

#include "base/timestamp.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

json::value or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::value or_null(const std::optional<std::uint64_t>& count) {
  return count ? json::value(*count) : json::value(nullptr);
}

json::object sums_of(const agent::usage_report_row& row) {
  const generation::usage& tokens = row.tokens;
  return {{"requests", row.requests},
          {"failed", row.failed},
          {"input_tokens", tokens.input_tokens},
          {"cached_tokens", tokens.cached_tokens},
          {"cache_write_tokens", tokens.cache_write_tokens},
          {"output_tokens", tokens.output_tokens},
          {"reasoning_tokens", tokens.reasoning_tokens},
          {"source", to_string(tokens.source)},
          {"cost_nano_usd", row.cost_nano_usd}};
}

}  // namespace

json::object to_json(const identity::user& who) {
  return {{"id", who.id},
          {"username", who.username},
          {"role", to_string(who.role)},
          {"disabled", who.disabled},
          {"created_at", format_timestamp(who.created_at)}};
}

json::object to_json(const identity::api_key& key) {
  json::object card{{"id", key.id},
                    {"name", key.name},
                    {"prefix", key.prefix},
                    {"created_at", format_timestamp(key.created_at)},
                    {"last_used_at", nullptr}};
  if (key.last_used_at) card["last_used_at"] = format_timestamp(*key.last_used_at);
  return card;
}

json::object to_json(const service::named_usage& used, const agent::usage_report_request& asked) {
  std::map<std::string_view, std::string_view> names;
  for (const identity::user& each : used.users)
    names.emplace(each.id, each.username);
  json::array rows;
  for (const agent::usage_report_row& row : used.report.rows) {
    json::object one;
    for (const agent::usage_grouping by : asked.by) {
      switch (by) {
        case agent::usage_grouping::day:
          one["day"] = row.day;
          break;
        case agent::usage_grouping::user: {
          one["user_id"] = row.user_id;
          const auto name = names.find(row.user_id);
          one["username"] = name == names.end() ? json::value(nullptr) : json::value(name->second);
          break;
        }
        case agent::usage_grouping::model:
          one["model"] = row.model;
          break;
        case agent::usage_grouping::provider:
          one["provider"] = row.provider;
          break;
      }
    }
    for (auto& [name, value] : sums_of(row))
      one[name] = std::move(value);
    rows.push_back(std::move(one));
  }
  return {{"from", asked.from},
          {"to", asked.to},
          {"usage", std::move(rows)},
          {"total", sums_of(used.report.total)},
          {"truncated", used.report.truncated}};
}

json::object to_json(const node& one) {
  return {{"id", one.id},
          {"role", one.role},
          {"address", or_null(one.address)},
          {"version", one.version},
          {"started_at", format_timestamp(one.started_at)},
          {"connections", or_null(one.connections)},
          {"generations", or_null(one.generations)}};
}

json::object to_json(const audit_event& event) {
  return {{"id", event.id},
          {"at", format_timestamp(event.at)},
          {"actor", {{"id", event.actor_id}, {"name", event.actor_name}}},
          {"credential_id", or_null(event.credential_id)},
          {"address", event.address},
          {"request_id", event.request_id},
          {"action", event.action},
          {"target", {{"id", or_null(event.target_id)}, {"name", or_null(event.target_name)}}},
          {"details", event.details},
          {"outcome", to_string(event.outcome)},
          {"problem", or_null(event.problem)}};
}

}  // namespace sluice::admin
