// What goes with a call beside its message.
#pragma once

#include <chrono>
#include <string>

#include "telemetry/trace_context.hpp"

namespace sluice::rpc {

using std::chrono::milliseconds;

/// What a caller says.
struct call_options {
  milliseconds deadline;  ///< from now to the call's end, a stream's likewise; every call has one
  /// Of the client's request, for the logs of both sides. What is not printable ASCII, or past 1 KiB, does not travel.
  std::string request_id = {};
  telemetry::trace_context trace = {};  ///< what the call belongs to
  bool wait_for_ready = false;  ///< wait within the deadline for a server that is away, in place of failing at once
};

/// What a handler is told.
struct call_context {
  std::string request_id;
  telemetry::trace_context trace;  ///< for what it causes
  std::string peer;                ///< the caller's address, for the log
  /// When the caller stops waiting; the handler is cancelled then. The far future if it did not say.
  std::chrono::system_clock::time_point deadline;

  /// For calls that this one makes.
  milliseconds left() const {
    const auto rest = deadline - std::chrono::system_clock::now();
    return std::chrono::duration_cast<milliseconds>(rest);
  }
};

}  // namespace sluice::rpc
