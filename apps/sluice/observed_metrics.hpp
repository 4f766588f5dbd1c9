// Metrics that somebody counts already and are only looked at when they are asked for.
#pragma once

#include "http/server.hpp"
#include "store/database.hpp"
#include "store/outbox.hpp"
#include "telemetry/metrics.hpp"

namespace sluice::app {

/// Once a process each; what is observed outlives the scrapes.
void observe(telemetry::metric_registry& metrics, const http::server& clients);
void observe(telemetry::metric_registry& metrics, const store::database& database);
void observe(telemetry::metric_registry& metrics, const store::outbox& outbox);

}  // namespace sluice::app
