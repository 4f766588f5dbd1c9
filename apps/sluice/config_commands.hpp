// `sluice config …`: what the configuration is, and whether it is right.
#pragma once

#include <ostream>

#include "app/exit_codes.hpp"
#include "app/load_settings.hpp"

namespace sluice::app {

/// Writes one line per problem.
void report(const config::problems& wrong, std::ostream& err);

/// Says "ok" and which file, or all that is wrong, in the files that it names as well.
int config_check(const settings_sources& from, std::ostream& out, std::ostream& err);

struct print_options {
  bool effective = false;  ///< with defaults, and where each value comes from
  bool json = false;
};
/// Secrets are masked.
int config_print(const settings_sources& from, const print_options& how, std::ostream& out, std::ostream& err);

/// JSON Schema of the file.
int config_schema(std::ostream& out);
/// The environment variables that set keys.
int config_env(std::ostream& out);
/// The reference of all keys: docs/configuration.md.
int config_reference(std::ostream& out);

}  // namespace sluice::app
