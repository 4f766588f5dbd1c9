// What gRPC itself has to say.
#pragma once

#include "telemetry/log.hpp"

namespace sluice::rpc {

/// While it lives, gRPC's warnings and errors are lines of `log`, at most one a second, rather than text on standard
/// error. One in a process, made in `main` before any server or channel.
class library_log {
 public:
  explicit library_log(const telemetry::logger& log);
  ~library_log();
  library_log(const library_log&) = delete;
  library_log& operator=(const library_log&) = delete;
};

}  // namespace sluice::rpc
