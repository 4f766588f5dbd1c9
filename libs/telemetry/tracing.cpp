#include "telemetry/tracing.hpp"

#include "telemetry/otlp_exporter.hpp"

namespace sluice::telemetry {

tracing::tracing(const trace_settings& told, std::string_view version, metric_registry& metrics, const logger& log) {
  if (told.endpoint.empty()) {
    tracer_ = std::make_unique<tracer>();
    return;
  }
  queue_ = std::make_shared<span_queue>(told.queue, make_otlp_exporter(told, version), metrics, log);
  tracer_ = std::make_unique<tracer>(told.sample, queue_, told.shows);
}

void tracing::stop(std::chrono::milliseconds limit) {
  if (queue_) queue_->stop(limit);
}

}  // namespace sluice::telemetry
