// What the HTTP server reports, as metrics and log lines.
#pragma once

#include "http/server.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace sluice::app {

/// The hooks keep references to `metrics`, which must outlive the server.
http::server_hooks make_http_hooks(telemetry::metric_registry& metrics, const telemetry::logger& log);

}  // namespace sluice::app
