#include "admin/audit_store_sql.hpp"

#include <soci/soci.h>

namespace sluice::embedded {
extern const std::span<const store::migration> admin_migrations;
}

namespace sluice::admin {
namespace {

using soci::into;
using soci::use;

long long to_ms(time_point at) {
  return std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch().count();
}

audit_outcome parse_outcome(const std::string& text) {
  if (text == "done") return audit_outcome::done;
  return text == "refused" ? audit_outcome::refused : audit_outcome::begun;
}

}  // namespace

result<void> audit_store_sql::migrate() {
  return database_.migrate("admin", embedded::admin_migrations);
}

task<result<void>> audit_store_sql::begin(audit_event event) {
  return database_.write([event = std::move(event)](soci::session& sql) -> result<void> {
    const long long at = to_ms(event.at);
    const std::string outcome(to_string(event.outcome));
    sql << "INSERT INTO audit_events (id, at_ms, actor_id, actor_name, credential_id, address, request_id, action, "
           "target_id, target_name, details, outcome, problem) VALUES (:id, :at, :actor, :name, :credential, :address, "
           ":request, :action, :target, :target_name, :details, :outcome, :problem)",
        use(event.id), use(at), use(event.actor_id), use(event.actor_name), use(event.credential_id),
        use(event.address), use(event.request_id), use(event.action), use(event.target_id), use(event.target_name),
        use(event.details), use(outcome), use(event.problem);
    return {};
  });
}

task<result<void>> audit_store_sql::end(audit_event event) {
  return database_.write([event = std::move(event)](soci::session& sql) -> result<void> {
    const std::string outcome(to_string(event.outcome));
    sql << "UPDATE audit_events SET outcome = :outcome, problem = :problem, target_id = :target, "
           "target_name = :target_name WHERE id = :id",
        use(outcome), use(event.problem), use(event.target_id), use(event.target_name), use(event.id);
    return {};
  });
}

task<result<std::vector<audit_event>>> audit_store_sql::list(list_audit_request asked) {
  return database_.read([asked = std::move(asked)](soci::session& sql) -> result<std::vector<audit_event>> {
    const auto most = static_cast<long long>(asked.limit) + 1;
    audit_event row;
    long long at = 0;
    std::string outcome;
    soci::statement each(sql);
    std::string question =
        "SELECT id, at_ms, actor_id, actor_name, credential_id, address, request_id, action, target_id, target_name, "
        "details, outcome, problem FROM audit_events WHERE 1 = 1";
    const auto filter = [&](const std::string& value, const char* condition) {
      if (value.empty()) return;
      question += condition;
      each.exchange(use(value));
    };
    filter(asked.cursor, " AND id < :cursor");
    filter(asked.actor_id, " AND actor_id = :actor");
    filter(asked.target_id, " AND target_id = :target");
    filter(asked.action, " AND action = :action");
    each.exchange(use(most));
    each.exchange(into(row.id));
    each.exchange(into(at));
    for (std::string* const text :
         {&row.actor_id, &row.actor_name, &row.credential_id, &row.address, &row.request_id, &row.action,
          &row.target_id, &row.target_name, &row.details, &outcome, &row.problem})
      each.exchange(into(*text));
    each.alloc();
    each.prepare(question + " ORDER BY id DESC LIMIT :most");
    each.define_and_bind();
    each.execute();
    std::vector<audit_event> listed;
    while (each.fetch()) {
      row.at = time_point(std::chrono::milliseconds(at));
      row.outcome = parse_outcome(outcome);
      listed.push_back(row);
    }
    return listed;
  });
}

}  // namespace sluice::admin
