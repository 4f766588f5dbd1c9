// The words after `sluice`.
#pragma once

#include <ostream>

namespace sluice::app {

/// Runs the command that was asked for and returns its exit code: 0 fine, 2 usage, 78 configuration, 69 something
/// needed is missing, 70 our bug.
int run_command_line(int count, char** words, std::ostream& out, std::ostream& err);

}  // namespace sluice::app
