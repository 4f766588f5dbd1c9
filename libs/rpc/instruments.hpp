// How a node's calls are counted and traced.
#pragma once

#include <chrono>
#include <string_view>

#include "rpc/call.hpp"
#include "rpc/call_name.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/tracer.hpp"

namespace grpc {
class Status;
}

namespace sluice::rpc {

class instruments;

/// A call that is counted: on the worker that holds it.
struct watched_call {
  instruments* by = nullptr;  ///< null: nobody counts
  const call_name* name = nullptr;
  std::chrono::steady_clock::time_point began;
  telemetry::span span;
};

/// One for all servers and channels of a process, which it outlives. Any thread.
class instruments {
 public:
  instruments(telemetry::metric_registry& metrics, const telemetry::tracer& spans);

  /// A call that came in. One that is `endless` has no span and no duration worth counting.
  watched_call begin_served(const call_name& name, const telemetry::trace_context& parent, bool endless);
  static void end_served(watched_call& call, const grpc::Status& how, bool endless);
  /// A call that goes out.
  watched_call begin_made(const call_name& name, const telemetry::trace_context& parent);
  static void end_made(watched_call& call, const grpc::Status& how);

 private:
  telemetry::span begin_span(const call_name& name, telemetry::span_kind kind,
                             const telemetry::trace_context& parent) const;

  const telemetry::tracer& spans_;
  telemetry::gauge& serving_;
  telemetry::family<telemetry::counter>& served_;
  telemetry::family<telemetry::histogram>& served_seconds_;
  telemetry::family<telemetry::counter>& made_;
  telemetry::family<telemetry::histogram>& made_seconds_;
};

}  // namespace sluice::rpc
