// The OpenTelemetry protocol over gRPC or HTTP, by opentelemetry-cpp. The narrow header: none of it is included here.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "telemetry/span_queue.hpp"
#include "telemetry/trace_settings.hpp"

namespace sluice::telemetry {

/// `told.endpoint` is set. Reads the standard variables about headers, certificates, compression and the resource.
std::unique_ptr<span_exporter> make_otlp_exporter(const trace_settings& told, std::string_view version);

}  // namespace sluice::telemetry
