// The traces of a process: from what begins spans to what sends them away.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/span_queue.hpp"
#include "telemetry/trace_settings.hpp"
#include "telemetry/tracer.hpp"

namespace sluice::telemetry {

/// Made before all that begins spans, stopped after it. Off, it starts no thread and opens no connection.
class tracing {
 public:
  tracing(const trace_settings& told, std::string_view version, metric_registry& metrics, const logger& log);

  const tracer& spans() const { return *tracer_; }
  /// Sends what is left, for at most `limit` and what the last export may take. Blocks. Idempotent.
  void stop(std::chrono::milliseconds limit);

 private:
  std::shared_ptr<span_queue> queue_;
  std::unique_ptr<tracer> tracer_;
};

}  // namespace sluice::telemetry
