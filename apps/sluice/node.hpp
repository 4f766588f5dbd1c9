// What every role stands on, whatever it does.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "app/health.hpp"
#include "app/load_settings.hpp"
#include "app/role_name.hpp"
#include "app/stop_signal.hpp"
#include "async/blocking_pool.hpp"
#include "async/worker_pool.hpp"
#include "http/router.hpp"
#include "http/server.hpp"
#include "http/worker_buffer.hpp"
#include "limits/limiter.hpp"
#include "rpc/instruments.hpp"
#include "state/open_shared_state.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/tracing.hpp"

namespace sluice::app {

/// One process of the system. Built first, destroyed last.
struct node {
  /// `terminal` is for what is said once, to whoever started it, and never logged.
  node(role_name as, const loaded_settings& loaded, std::ostream& terminal);
  ~node();

  /// Health and metrics. Metrics are for loopback alone where clients can ask too.
  std::vector<http::route> internal_routes();
  std::vector<http::route> public_routes();
  /// Whether shared state is this process's own: then no other one shares anything else with it either.
  bool is_alone() const { return shared.is_in_memory(); }
  /// What every role needs.
  std::vector<health::dependency> needs();

  const role_name role;
  const settings& told;
  std::ostream& terminal;
  stop_signal stop;
  telemetry::logger log;
  async::worker_pool workers;
  http::worker_buffers buffers;
  telemetry::metric_registry metrics;
  telemetry::tracing traces;
  rpc::instruments calls;          ///< of and to other nodes
  const http::server_hooks hooks;  ///< of all its HTTP servers
  async::blocking_pool lookups;    ///< of names
  const state::opened_state shared;
  state::shared_state* const state;
  std::unique_ptr<limits::limiter> limiter;
  health readiness;

 private:
  http::route metrics_route(bool to_loopback_only) const;
};

}  // namespace sluice::app
