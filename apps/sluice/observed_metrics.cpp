#include "app/observed_metrics.hpp"

#include "telemetry/names.hpp"

namespace sluice::app {
namespace {

namespace names = telemetry::names;

// A member of what `look` returns, as a metric.
template <class Look, class Counts, class Number>
auto reading(Look look, Number Counts::* which) {
  return [look, which] { return static_cast<double>(look().*which); };
}

}  // namespace

void observe(telemetry::metric_registry& metrics, const http::server& clients) {
  using counts = http::server_counters;
  const auto look = [&clients] { return clients.counters(); };
  metrics.make_observed_gauge(names::http_connections, reading(look, &counts::connections_open));
  metrics.make_observed_counter(names::http_connections_refused, reading(look, &counts::connections_refused));
  metrics.make_observed_counter(names::http_connections_cut, reading(look, &counts::connections_cut));
}

void observe(telemetry::metric_registry& metrics, const store::database& database) {
  using counts = store::database_activity;
  const auto look = [&database] { return database.activity(); };
  metrics.make_observed_counter(names::database_reads, reading(look, &counts::reads));
  metrics.make_observed_counter(names::database_writes, reading(look, &counts::writes));
  metrics.make_observed_counter(names::database_commits, reading(look, &counts::commits));
  metrics.make_observed_counter(names::database_refused, reading(look, &counts::refused));
  metrics.make_observed_gauge(names::database_reads_waiting, reading(look, &counts::reads_waiting));
  metrics.make_observed_gauge(names::database_writes_waiting, reading(look, &counts::writes_waiting));
}

void observe(telemetry::metric_registry& metrics, const store::outbox& outbox) {
  metrics.make_observed_gauge(names::outbox_records,
                              [&outbox] { return static_cast<double>(outbox.records_waiting()); });
  metrics.make_observed_gauge(names::outbox_bytes, [&outbox] { return static_cast<double>(outbox.bytes_waiting()); });
}

}  // namespace sluice::app
