#include "app/node.hpp"

#include "app/http_hooks.hpp"
#include "app/version.hpp"
#include "door/own_host.hpp"
#include "limits/limiter_fallback.hpp"
#include "limits/limiter_memory.hpp"
#include "limits/limiter_redis.hpp"
#include "telemetry/names.hpp"

namespace sluice::app {
namespace {

bool is_loopback(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  }
  return address.is_loopback();
}

// Whether nobody but a program of this machine can have asked: not another's by a proxy here, and no page under a name
// that was made to lead here.
bool is_from_here(const http::request& asked) {
  const auto is_there = [&asked](const char* field) { return !asked.headers.get(field).empty(); };
  return is_loopback(asked.remote_address) && is_loopback(asked.client_address) && !is_there("forwarded") &&
         !is_there("x-forwarded-for") && !is_there("x-real-ip") && door::is_own_host(asked.headers.get("host"), {});
}

task<> answer_metrics(const telemetry::metric_registry& metrics, bool to_loopback_only, http::exchange& with) {
  if (to_loopback_only && !is_from_here(with.request())) {
    co_await with.respond_error(
        {.reason = error_reason::permission_denied,
         .message = "metrics are for programs of this machine, not through a proxy; see server.internal_listen"});
    co_return;
  }
  co_await with.respond(
      http::make_response(200, std::string(telemetry::metric_registry::content_type), metrics.render()));
}

// The URL was checked with the settings.
state::opened_state open_state(const state_settings& told, async::worker_pool& workers,
                               telemetry::metric_registry& metrics, const telemetry::logger& log) {
  return state::open_shared_state(
             {.url = told.url, .authorities_file = told.ca_file, .prefix = told.prefix, .timeout = told.timeout},
             workers, metrics, log)
      .value();
}

std::unique_ptr<limits::limiter> make_limiter(const state_settings& told, const state::opened_state& shared,
                                              telemetry::metric_registry& metrics, const telemetry::logger& log) {
  if (shared.is_in_memory()) return std::make_unique<limits::limiter_memory>();
  return std::make_unique<limits::limiter_fallback>(std::make_unique<limits::limiter_redis>(shared.redis), told.fail,
                                                    log, &metrics.make_counter(telemetry::names::limit_fallbacks));
}

}  // namespace

node::node(role_name as, const loaded_settings& loaded, std::ostream& said_to)
    : role(as),
      told(loaded.told),
      terminal(said_to),
      log({.level = told.telemetry.log_level, .format = told.telemetry.log_format}),
      workers(told.server.workers),
      buffers(workers.size()),
      metrics(workers.size()),
      traces(loaded.traces, version, metrics, log),
      calls(metrics, traces.spans()),
      hooks(make_http_hooks(metrics, traces.spans(), log)),
      lookups("name-lookup", 4, 1024),
      shared(open_state(told.state, workers, metrics, log)),
      state(shared.state.get()),
      limiter(make_limiter(told.state, shared, metrics, log)),
      readiness(workers, log) {
  metrics.add_process_metrics(version);
  metrics.make_observed_counter(telemetry::names::log_lines_dropped,
                                [this] { return static_cast<double>(log.dropped()); });
  for (const std::string& notice : loaded.notices)
    log.warning(notice);
  for (const config::problem& each : loaded.idle_variables)
    log.warning(to_string(each));
}

node::~node() {
  workers.stop();
}

std::vector<http::route> node::internal_routes() {
  std::vector<http::route> routes = readiness.routes();
  routes.push_back(metrics_route(false));
  return routes;
}

std::vector<http::route> node::public_routes() {
  std::vector<http::route> routes = readiness.routes();
  if (told.server.internal_listen.empty()) routes.push_back(metrics_route(true));
  return routes;
}

std::vector<health::dependency> node::needs() {
  if (is_alone()) return {};
  return {{.name = "state", .check = [this] { return shared.check(); }, .is_vital = false}};
}

http::route node::metrics_route(bool to_loopback_only) const {
  return {"GET", "/metrics",
          [this, to_loopback_only](http::exchange& with) { return answer_metrics(metrics, to_loopback_only, with); }};
}

}  // namespace sluice::app
