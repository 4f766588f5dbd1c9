#include "admin/module.hpp"

#include <algorithm>
#include <iterator>

#include "admin/admin.hpp"
#include "admin/admin_api.hpp"
#include "admin/audit_store_sql.hpp"
#include "door/account_api.hpp"
#include "door/limited_route.hpp"
#include "door/web_files.hpp"
#include "telemetry/names.hpp"

namespace sluice::admin {
namespace {

// Counts actions and logs those whose record was not finished.
class watch final : public observer {
 public:
  watch(telemetry::metric_registry& metrics, const telemetry::logger& log)
      : actions_(metrics.make_counters(telemetry::names::admin_actions, {"action", "outcome"})), log_(log) {}

  void on_action(const audit_event& event) override {
    actions_.at({event.action, to_string(event.outcome)}).add();
    log_.info("an admin has acted", {{"action", event.action},
                                     {"outcome", to_string(event.outcome)},
                                     {telemetry::names::user_id, event.actor_id},
                                     {"target", event.target_id},
                                     {"address", event.address},
                                     {telemetry::names::request_id, event.request_id}});
  }
  void on_unrecorded(const audit_event& event, const error& why) override {
    log_.error("what became of an admin's action is not in the audit log",
               {{"event", event.id}, {"action", event.action}, {"problem", why.message}, {"detail", why.detail}});
  }

 private:
  telemetry::family<telemetry::counter>& actions_;
  telemetry::logger log_;
};

task<> answer_page(http::exchange& with) {
  if (const door::web_file* const page = door::find_file("/admin.html")) {
    co_await with.respond(door::serve_file(*page, with.request()));
    co_return;
  }
  co_await with.respond_error(
      {.reason = error_reason::not_found, .message = "this build has no pages; the API is at /admin/api/v1"});
}

}  // namespace

struct module::parts {
  parts(settings with, store::database& database, neighbours held, state::shared_state& state, door::admission& at,
        const door::request_limits& within, telemetry::metric_registry& metrics, const telemetry::logger& log)
      : told(std::move(with)),
        beside(held),
        door(at),
        limits(within),
        watcher(metrics, log),
        audit(database),
        rules(beside.accounts, beside.usage, beside.nodes, audit, state, &std::chrono::system_clock::now, watcher) {}

  settings told;
  neighbours beside;
  door::admission& door;
  const door::request_limits& limits;
  watch watcher;
  audit_store_sql audit;
  admin rules;
};

module::module(settings told, store::database& database, neighbours beside, state::shared_state& state,
               door::admission& door, const door::request_limits& limits, telemetry::metric_registry& metrics,
               const telemetry::logger& log) :parts_(std::make_unique<parts>(std::move(told), database, beside, state,
                                                                             door, limits, metrics, log)) {}

module::~module() = default;

result<void> module::prepare() {
  return parts_->audit.migrate();
}

std::vector<http::route> module::routes() {
  std::vector<http::route> all = admin_routes({.rules = parts_->rules, .door = parts_->door, .told = parts_->told});
  all.push_back({"GET", "/admin", answer_page});
  if (parts_->told.alone) {
    std::ranges::move(
        session_routes(door::account_api{.people = parts_->beside.people, .door = parts_->door, .told = parts_->told}),
        std::back_inserter(all));
    std::ranges::move(door::file_routes(), std::back_inserter(all));
  }
  for (http::route& one : all)
    one = limit_route(std::move(one), parts_->limits, parts_->door);
  return all;
}

}  // namespace sluice::admin
