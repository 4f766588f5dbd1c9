#include "app/node.hpp"

#include <boost/asio/co_spawn.hpp>

#include "app/http_hooks.hpp"
#include "app/version.hpp"
#include "limits/limiter_memory.hpp"
#include "state/shared_state_memory.hpp"
#include "telemetry/names.hpp"

namespace sluice::app {
namespace {

bool is_loopback(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  }
  return address.is_loopback();
}

task<> answer_metrics(const telemetry::metric_registry& metrics, bool to_loopback_only, http::exchange& with) {
  if (to_loopback_only && !is_loopback(with.request().remote_address)) {
    co_await with.respond_error({.reason = error_reason::permission_denied,
                                 .message = "metrics are for loopback peers only; see server.internal_listen"});
    co_return;
  }
  co_await with.respond(
      http::make_response(200, std::string(telemetry::metric_registry::content_type), metrics.render()));
}

// What has ended goes from memory although nobody asks for it any more.
task<> keep_swept(state::shared_state_memory& state) {
  steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    timer.expires_after(std::chrono::minutes(1));
    co_await timer.async_wait(use_task);
    state.sweep();
  }
}

std::unique_ptr<state::shared_state> make_state_in_memory(async::worker_pool& workers) {
  auto made = std::make_unique<state::shared_state_memory>();
  asio::co_spawn(workers[0].get_executor(), keep_swept(*made), [](std::exception_ptr broken) {
    if (broken) std::rethrow_exception(broken);
  });
  return made;
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
      state(make_state_in_memory(workers)),
      limiter(std::make_unique<limits::limiter_memory>()),
      readiness(workers) {
  metrics.add_process_metrics(version);
  metrics.make_observed_counter(telemetry::names::log_lines_dropped,
                                [this] { return static_cast<double>(log.dropped()); });
  for (const std::string& notice : loaded.notices)
    log.warning(notice);
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

bool node::is_alone() const {
  return dynamic_cast<const state::shared_state_memory*>(state.get()) != nullptr;
}

http::route node::metrics_route(bool to_loopback_only) const {
  return {"GET", "/metrics",
          [this, to_loopback_only](http::exchange& with) { return answer_metrics(metrics, to_loopback_only, with); }};
}

}  // namespace sluice::app
