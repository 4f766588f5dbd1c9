// Builds every object of a role, top to bottom, runs it, and takes it down again.
#pragma once

#include <ostream>

#include "app/load_settings.hpp"

namespace sluice::app {

/// All in one process on embedded defaults. Prints `ready http://ADDR:PORT` on `out` once it accepts connections;
/// returns the exit code after SIGTERM or SIGINT has drained it. A second signal stops at once.
int serve(const loaded_settings& loaded, std::ostream& out, std::ostream& err);

}  // namespace sluice::app
