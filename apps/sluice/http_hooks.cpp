#include "app/http_hooks.hpp"

#include <array>
#include <memory>

#include "telemetry/names.hpp"

namespace sluice::app {
namespace {

std::string_view status_class(unsigned status) {
  constexpr std::array<std::string_view, 6> classes{"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
  return classes[status >= 100 && status < 600 ? status / 100 : 0];
}

}  // namespace

http::server_hooks make_http_hooks(telemetry::metric_registry& metrics, const telemetry::logger& log) {
  auto& requests = metrics.make_counters(telemetry::names::http_requests, {"method", "route", "status"});
  auto& durations =
      metrics.make_histograms(telemetry::names::http_request_seconds, {"route"}, telemetry::request_seconds());
  auto& sent = metrics.make_counter(telemetry::names::sent_bytes);
  const auto accept_failures = std::make_shared<telemetry::log_limit>(std::chrono::seconds(10));
  http::server_hooks hooks;
  hooks.on_finished = [&requests, &durations, &sent, log](const http::finished_exchange& done) {
    // Paths and methods of strangers are not bounded; routes are.
    const std::string_view route = done.request.route.empty() ? "none" : done.request.route;
    const std::string_view method = done.request.route.empty() ? "other" : std::string_view(done.request.method);
    requests.at({method, route, status_class(done.status)}).add();
    durations.at({route}).observe(done.duration);
    sent.add(done.response_bytes);
    if (!log.enabled(telemetry::log_level::debug)) return;
    log.debug("request", {{telemetry::names::request_id, done.request.request_id},
                          {"method", done.request.method},
                          {"route", route},
                          {"client", done.request.client_address.to_string()},
                          {"status", done.status},
                          {"bytes", done.response_bytes},
                          {"duration_ms", done.duration},
                          {"complete", done.complete}});
  };
  hooks.on_handler_failure = [log](const http::request& asked, std::exception_ptr why) {
    log.error("a request broke",
              {{telemetry::names::request_id, asked.request_id}, {"route", asked.route}, {"problem", message_of(why)}});
  };
  hooks.on_accept_failure = [log, accept_failures](error_code problem) {
    if (const auto left_out = accept_failures->admit())
      log.error("cannot accept connections", {{"problem", problem.message()}, {"left_out", *left_out}});
  };
  return hooks;
}

}  // namespace sluice::app
