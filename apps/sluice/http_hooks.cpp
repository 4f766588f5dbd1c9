#include "app/http_hooks.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <fmt/format.h>

#include "telemetry/names.hpp"

namespace sluice::app {
namespace {

namespace names = telemetry::names;

std::string_view status_class(unsigned status) {
  constexpr std::array<std::string_view, 6> classes{"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
  return classes[status >= 100 && status < 600 ? status / 100 : 0];
}

// What supervisors ask again and again is of interest to nobody.
bool is_probe(std::string_view route) {
  constexpr std::array<std::string_view, 4> probes{"/healthz", "/livez", "/readyz", "/metrics"};
  return std::ranges::find(probes, route) != probes.end();
}

telemetry::span begin_request_span(const telemetry::tracer& spans, const http::request& asked) {
  if (is_probe(asked.route)) return {};
  const auto parent = telemetry::parse_trace_context(asked.headers.get("traceparent"), asked.headers.get("tracestate"));
  telemetry::span made = spans.start("HTTP", telemetry::span_kind::server, parent);
  if (!made.is_recording()) return made;
  // Methods and paths of strangers are not bounded, names of spans are.
  if (!asked.route.empty()) {
    made.set_name(fmt::format("{} {}", asked.method, asked.route));
    made.set({names::http_method, asked.method});
    made.set({names::http_route, asked.route});
  }
  made.set({names::url_path, asked.path});
  made.set({names::url_scheme, asked.is_tls ? "https" : "http"});
  made.set({names::span_request_id, asked.request_id});
  return made;
}

void end_request_span(const http::finished_exchange& done) {
  if (!done.span.is_recording()) return;
  done.span.set({names::http_status, done.status});
  if (done.status >= 500) {
    done.span.fail(fmt::to_string(done.status), http::reason_phrase(done.status));
  } else if (!done.complete) {
    done.span.fail("incomplete", "the answer was cut off");
  }
}

}  // namespace

http::server_hooks make_http_hooks(telemetry::metric_registry& metrics, const telemetry::tracer& spans,
                                   const telemetry::logger& log) {
  auto& requests = metrics.make_counters(telemetry::names::http_requests, {"method", "route", "status"});
  auto& durations =
      metrics.make_histograms(telemetry::names::http_request_seconds, {"route"}, telemetry::request_seconds());
  auto& sent = metrics.make_counter(telemetry::names::sent_bytes);
  const auto accept_failures = std::make_shared<telemetry::log_limit>(std::chrono::seconds(10));
  http::server_hooks hooks;
  hooks.begin_span = [&spans](const http::request& asked) { return begin_request_span(spans, asked); };
  hooks.on_finished = [&requests, &durations, &sent, log](const http::finished_exchange& done) {
    // Paths and methods of strangers are not bounded; routes are.
    const std::string_view route = done.request.route.empty() ? "none" : done.request.route;
    const std::string_view method = done.request.route.empty() ? "other" : std::string_view(done.request.method);
    requests.at({method, route, status_class(done.status)}).add();
    durations.at({route}).observe(done.duration);
    sent.add(done.response_bytes);
    end_request_span(done);
    if (!log.enabled(telemetry::log_level::debug)) return;
    log.debug("request", {{telemetry::names::request_id, done.request.request_id},
                          {telemetry::names::trace_id, done.request.trace.trace_id_text()},
                          {"method", done.request.method},
                          {"route", route},
                          {"client", done.request.client_address.to_string()},
                          {"status", done.status},
                          {"bytes", done.response_bytes},
                          {"duration_ms", done.duration},
                          {"complete", done.complete}});
  };
  hooks.on_handler_failure = [log](const http::request& asked, std::exception_ptr why) {
    log.error("a request broke", {{telemetry::names::request_id, asked.request_id},
                                  {telemetry::names::trace_id, asked.trace.trace_id_text()},
                                  {"route", asked.route},
                                  {"problem", message_of(why)}});
  };
  hooks.on_accept_failure = [log, accept_failures](error_code problem) {
    if (const auto left_out = accept_failures->admit())
      log.error("cannot accept connections", {{"problem", problem.message()}, {"left_out", *left_out}});
  };
  return hooks;
}

}  // namespace sluice::app
