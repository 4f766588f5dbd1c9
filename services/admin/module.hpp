// The administration as `apps` builds it.
#pragma once

#include <memory>
#include <vector>

#include "admin/node_list.hpp"
#include "admin/settings.hpp"
#include "door/admission.hpp"
#include "door/request_limits.hpp"
#include "http/router.hpp"
#include "state/shared_state.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace sluice::admin {

/// The names of a node's counts in the registry.
inline constexpr const char* connections_count = "connections";
inline constexpr const char* generations_count = "generations";

/// Objects and clients of other services that the administration holds; all of them outlive it.
struct neighbours {
  identity::service& people;
  identity::user_administration& accounts;
  agent::usage_reports& usage;
  node_list& nodes;
};

/// Owns what the handlers of its routes use. Outlives the HTTP server. `door` and `limits` are those of the listener.
class module {
 public:
  module(settings told, store::database& database, neighbours beside, state::shared_state& state, door::admission& door,
         const door::request_limits& limits, telemetry::metric_registry& metrics, const telemetry::logger& log);
  ~module();

  /// Brings the tables up to date. Blocking, before the workers start.
  result<void> prepare();
  /// The page and the API under /admin, within the listener's limits.
  std::vector<http::route> routes();

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace sluice::admin
