// Runs a role from its start to its end.
#pragma once

#include <ostream>

#include "app/load_settings.hpp"
#include "app/role_name.hpp"

namespace sluice::app {

/// Prints `ready http://ADDR:PORT` (or `ready grpc://ADDR:PORT`) on `out` once it takes requests, and a second such
/// line for `server.internal_listen`; returns the exit code after SIGTERM or SIGINT has drained it. A second signal
/// stops at once.
///
/// `serve` ends if something that it needs is missing. The other roles wait for what their neighbours have yet to
/// bring (a database, its schema), saying so in the log and at the internal address: in which order they are started
/// does not matter, and a supervisor has nothing to start again.
int run_role(role_name which, const loaded_settings& loaded, std::ostream& out, std::ostream& err);

}  // namespace sluice::app
