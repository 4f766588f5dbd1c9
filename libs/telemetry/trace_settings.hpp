// How traces are taken and where they go, as the configuration and the standard variables of OpenTelemetry say it
// (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/span_queue.hpp"
#include "telemetry/tracer.hpp"

namespace sluice::telemetry {

enum class trace_protocol : std::uint8_t { http_protobuf, grpc };

struct trace_settings {
  std::string endpoint;  ///< http(s)://HOST:PORT of a collector; empty: traces are off
  trace_protocol protocol = trace_protocol::http_protobuf;
  sampling sample;
  std::chrono::milliseconds timeout{10'000};  ///< of one export
  span_queue_settings queue;
  disclosure shows;
  std::string service_name;
};

/// The variable's value, or null.
using variable_reader = std::function<const std::string*(std::string_view name)>;

/// Lays OTEL_* over what was told. What makes no sense is left out and noticed, as the specification wants it. The
/// credentials of collectors (OTEL_EXPORTER_OTLP_HEADERS, _CERTIFICATE, _CLIENT_KEY …) are the exporter's to read.
trace_settings apply_environment(trace_settings told, const variable_reader& read, std::vector<std::string>& notices);

}  // namespace sluice::telemetry
