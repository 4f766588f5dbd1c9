// Identity as `apps` builds it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "async/task.hpp"
#include "async/worker_pool.hpp"
#include "base/error.hpp"
#include "base/secret_string.hpp"
#include "identity/administration.hpp"
#include "identity/identity_service.hpp"
#include "identity/settings.hpp"
#include "identity/user_administration.hpp"
#include "limits/limiter.hpp"
#include "state/shared_state.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace sluice::identity {

class identity;

/// The account that the first start makes.
struct first_admin {
  std::string username;
  secret_string password;  ///< to be shown once, on the terminal; never logged
};

/// The accounts of a database for an admin's commands; brings its tables up to date. Blocking.
result<std::unique_ptr<administration>> open_administration(store::database& database, const settings& told);

/// Owns identity and its housekeeping. Outlives everything that holds its face; what it is given outlives it.
class module {
 public:
  module(async::worker_pool& workers, store::database& database, limits::limiter& limiter, state::shared_state& state,
         settings told, telemetry::metric_registry& metrics, const telemetry::logger& log);
  ~module();

  /// Brings the tables up to date, makes the first signing key and, where there is none, the admin. Blocking,
  /// once, before the workers start.
  result<std::optional<first_admin>> prepare();
  service& face();
  user_administration& administration();
  /// For rpc_server.hpp.
  identity& rules();
  /// Begins the housekeeping on the first worker; after `prepare`.
  void begin();
  /// Ends it and writes what waits to be written. On the first worker.
  task<> stop();

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace sluice::identity
