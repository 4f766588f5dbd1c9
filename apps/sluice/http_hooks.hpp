// What the HTTP server reports, as metrics, spans and log lines.
#pragma once

#include "http/server.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/tracer.hpp"

namespace sluice::app {

/// The hooks keep references to `metrics` and `spans`, which must outlive the server.
http::server_hooks make_http_hooks(telemetry::metric_registry& metrics, const telemetry::tracer& spans,
                                   const telemetry::logger& log);

}  // namespace sluice::app
