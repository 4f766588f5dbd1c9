#include "rpc/instruments.hpp"

#include <array>

#include <grpcpp/support/status.h>

#include "telemetry/names.hpp"

namespace sluice::rpc {
namespace {

namespace names = telemetry::names;

// As gRPC's documentation writes them.
std::string_view word_for(grpc::StatusCode code) {
  constexpr std::array<std::string_view, 17> words{
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  const auto number = static_cast<std::size_t>(code);
  return number < words.size() ? words[number] : "UNKNOWN";
}

void end_span(telemetry::span& span, const grpc::Status& how) {
  span.set({names::rpc_status, static_cast<int>(how.error_code())});
  if (!how.ok()) span.fail(word_for(how.error_code()), how.error_message());
  span.end();
}

}  // namespace

instruments::instruments(telemetry::metric_registry& metrics, const telemetry::tracer& spans)
    : spans_(spans),
      serving_(metrics.make_gauge(names::rpc_serving)),
      served_(metrics.make_counters(names::rpc_served, {"method", "status"})),
      served_seconds_(metrics.make_histograms(names::rpc_served_seconds, {"method"}, telemetry::request_seconds())),
      made_(metrics.make_counters(names::rpc_made, {"method", "status"})),
      made_seconds_(metrics.make_histograms(names::rpc_made_seconds, {"method"}, telemetry::request_seconds())) {}

telemetry::span instruments::begin_span(const call_name& name, telemetry::span_kind kind,
                                        const telemetry::trace_context& parent) const {
  // Calls that belong to no request (a node's own errands) begin no traces.
  if (!parent.is_valid()) return {};
  telemetry::span made = spans_.start(name.whole, kind, parent);
  made.set({names::rpc_system, "grpc"});
  made.set({names::rpc_service, name.service});
  made.set({names::rpc_method, name.method});
  return made;
}

watched_call instruments::begin_served(const call_name& name, const telemetry::trace_context& parent, bool endless) {
  serving_.add();
  return {.by = this,
          .name = &name,
          .began = std::chrono::steady_clock::now(),
          .span = endless ? telemetry::span(parent) : begin_span(name, telemetry::span_kind::server, parent)};
}

void instruments::end_served(watched_call& call, const grpc::Status& how, bool endless) {
  if (call.by == nullptr) return;
  call.by->serving_.subtract();
  call.by->served_.at({call.name->whole, word_for(how.error_code())}).add();
  if (!endless) call.by->served_seconds_.at({call.name->whole}).observe(std::chrono::steady_clock::now() - call.began);
  end_span(call.span, how);
}

watched_call instruments::begin_made(const call_name& name, const telemetry::trace_context& parent) {
  return {.by = this,
          .name = &name,
          .began = std::chrono::steady_clock::now(),
          .span = begin_span(name, telemetry::span_kind::client, parent)};
}

void instruments::end_made(watched_call& call, const grpc::Status& how) {
  if (call.by == nullptr) return;
  call.by->made_.at({call.name->whole, word_for(how.error_code())}).add();
  call.by->made_seconds_.at({call.name->whole}).observe(std::chrono::steady_clock::now() - call.began);
  end_span(call.span, how);
}

}  // namespace sluice::rpc
