// Finds the configuration, reads it, and says what is wrong with it.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "app/role_name.hpp"
#include "app/settings.hpp"
#include "config/environment.hpp"
#include "config/load.hpp"
#include "telemetry/trace_settings.hpp"

namespace sluice::app {

/// Where settings come from; a test puts its own in.
struct settings_sources {
  std::string config_file = {};  ///< of --config; empty: SLUICE_CONFIG, ./sluice.yaml, /etc/sluice/sluice.yaml, none
  config::environment environment = config::process_environment();
  std::vector<config::flag_override> flags = {};
  std::vector<std::string> searched_files = {"sluice.yaml", "/etc/sluice/sluice.yaml"};
  config::file_reader read = [](const std::string& path) { return config::read_file(path); };
};

struct loaded_settings {
  settings told;
  config::value document;            ///< what was said, with origins
  std::string file;                  ///< empty: there was none
  telemetry::trace_settings traces;  ///< what was said and the standard variables together
  std::vector<std::string> notices;  ///< for the log when a role starts
  /// Variables that set no key although their names begin as if they did, and that the file does not refer to. A role
  /// starts all the same: whatever starts it may have its own use of them.
  config::problems idle_variables;
};

/// The prefix of the environment variables that set keys.
inline constexpr std::string_view environment_prefix = "SLUICE_";

/// For a role, which says where to listen unless that is told. Without a file `serve` listens on 127.0.0.1:8080, takes
/// the token 123, has the mock and every provider whose key is in the environment; the other roles, which are told by
/// the environment then, have no more than the agent its providers.
std::expected<loaded_settings, config::problems> load_settings(const settings_sources& from,
                                                               role_name of = role_name::serve);

}  // namespace sluice::app
