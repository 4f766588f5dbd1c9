// Every metric's name and help, and every field name that lines of different rooms share. Labels are bounded: no user,
// key, address or id is ever one.
#pragma once

#include <string_view>

#include "telemetry/metrics.hpp"

namespace sluice::telemetry::names {

// At the door. Labels: method, route (the pattern, not the path), status ("2xx").
inline constexpr metric http_requests{"sluice_http_requests_total", "HTTP requests answered"};
inline constexpr metric http_request_seconds{"sluice_http_request_duration_seconds",
                                             "From a request's first byte to its answer's last"};
inline constexpr metric http_connections{"sluice_http_connections", "Open TCP connections of clients"};
inline constexpr metric http_connections_refused{"sluice_http_connections_refused_total",
                                                 "Connections and upgrades refused at a cap; label cap"};
inline constexpr metric limit_refusals{"sluice_limit_refusals_total", "Requests refused by a limit; label limit"};
inline constexpr metric admin_actions{"sluice_admin_actions_total",
                                      "What admins did to others; labels action, outcome"};
inline constexpr metric sockets{"sluice_sockets", "Open WebSockets"};
inline constexpr metric socket_closes{"sluice_socket_closes_total", "WebSockets closed; label code"};
inline constexpr metric socket_messages{"sluice_socket_messages_total", "WebSocket messages received; label type"};
inline constexpr metric sent_bytes{"sluice_sent_bytes_total", "Bytes written to clients"};
inline constexpr metric received_bytes{"sluice_received_bytes_total", "Bytes read from clients"};
inline constexpr metric authentication_failures{"sluice_authentication_failures_total",
                                                "Requests with no or bad credentials"};

// Identity. Label: outcome.
inline constexpr metric sign_ins{"sluice_sign_ins_total", "Attempts to sign in: good, wrong, throttled, unavailable"};
inline constexpr metric credential_checks{"sluice_credential_checks_total",
                                          "Tokens and API keys: remembered, verified, refused, unavailable"};

// Generations. Labels: provider, model, and for ended ones status.
inline constexpr metric live_generations{"sluice_live_generations", "Generations that are running"};
inline constexpr metric kept_generations{"sluice_kept_generations", "Ended generations that can still be resumed"};
inline constexpr metric kept_bytes{"sluice_kept_generation_bytes",
                                   "Memory of ended generations that can still be resumed"};
inline constexpr metric generations{"sluice_generations_total", "Generations that ended"};
inline constexpr metric first_token_seconds{"sluice_time_to_first_token_seconds",
                                            "From the request to the first delta of its answer"};
inline constexpr metric generation_seconds{"sluice_generation_duration_seconds",
                                           "From the request to the end of its answer"};
inline constexpr metric tokens{"sluice_tokens_total", "Tokens consumed; label kind: input, cached, output, reasoning"};
inline constexpr metric waiting_records{"sluice_waiting_records", "Ended generations that are yet to be stored"};
inline constexpr metric deltas{"sluice_deltas_total", "Deltas appended to generations"};

// Attempts at providers. Labels: provider, outcome.
inline constexpr metric provider_attempts{"sluice_provider_attempts_total", "Attempts at providers that ended"};
inline constexpr metric provider_connections{"sluice_provider_connections", "Open connections to providers"};

// The process.
inline constexpr metric build_info{"sluice_build_info", "Always 1; label version"};
inline constexpr metric log_lines_dropped{"sluice_log_lines_dropped_total", "Log lines lost to a full queue"};
inline constexpr metric uptime_seconds{"sluice_uptime_seconds", "Since this process started"};

// The names of Prometheus' own clients.
inline constexpr metric process_resident_bytes{"process_resident_memory_bytes", "Resident memory"};
inline constexpr metric process_virtual_bytes{"process_virtual_memory_bytes", "Virtual memory"};
inline constexpr metric process_cpu_seconds{"process_cpu_seconds_total", "User and system CPU time"};
inline constexpr metric process_open_files{"process_open_fds", "Open file descriptors"};
inline constexpr metric process_open_files_max{"process_max_fds", "The most file descriptors that may be open"};
inline constexpr metric process_threads{"process_threads", "Threads"};
inline constexpr metric process_start_seconds{"process_start_time_seconds", "When the process started, since 1970"};

// Fields of log lines.
inline constexpr std::string_view request_id = "request_id";
inline constexpr std::string_view generation_id = "generation_id";
inline constexpr std::string_view connection_id = "connection_id";
inline constexpr std::string_view user_id = "user_id";
inline constexpr std::string_view provider = "provider";
inline constexpr std::string_view model = "model";

}  // namespace sluice::telemetry::names
