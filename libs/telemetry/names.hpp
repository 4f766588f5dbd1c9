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
                                                 "Connections of clients refused at a cap"};
inline constexpr metric http_connections_cut{"sluice_http_connections_cut_total",
                                             "Connections of clients ended by a deadline"};
inline constexpr metric limit_refusals{"sluice_limit_refusals_total", "Requests refused by a limit; label limit"};
inline constexpr metric limit_fallbacks{"sluice_limit_fallbacks_total",
                                        "Decisions of limits without the count that nodes share"};
inline constexpr metric admin_actions{"sluice_admin_actions_total",
                                      "What admins did to others; labels action, outcome"};
inline constexpr metric sockets{"sluice_sockets", "Open WebSockets"};
inline constexpr metric socket_closes{"sluice_socket_closes_total", "WebSockets closed; label code"};
inline constexpr metric socket_messages{"sluice_socket_messages_total", "WebSocket messages received"};
inline constexpr metric socket_sent_bytes{"sluice_socket_sent_bytes_total", "Bytes written to WebSockets"};
inline constexpr metric socket_received_bytes{"sluice_socket_received_bytes_total", "Bytes read from WebSockets"};
inline constexpr metric sent_bytes{"sluice_http_sent_bytes_total", "Bytes of the bodies of HTTP answers"};

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
inline constexpr metric token_gap_seconds{"sluice_time_per_delta_seconds",
                                          "From one delta to the next, on average over an answer"};
inline constexpr metric generation_seconds{"sluice_generation_duration_seconds",
                                           "From the request to the end of its answer"};
inline constexpr metric tokens{"sluice_tokens_total", "Tokens consumed; label kind: input, cached, output, reasoning"};
inline constexpr metric waiting_records{"sluice_waiting_records", "Ended generations that are yet to be stored"};
inline constexpr metric deltas{"sluice_deltas_total", "Deltas appended to generations"};

// Attempts at providers. Labels: provider, outcome.
inline constexpr metric provider_attempts{"sluice_provider_attempts_total", "Attempts at providers that ended"};
inline constexpr metric provider_seconds{"sluice_provider_attempt_duration_seconds",
                                         "How long attempts at providers took; label provider"};

// The database, and what waits to be stored there.
inline constexpr metric database_reads{"sluice_database_reads_total", "Reads of the database that ended"};
inline constexpr metric database_writes{"sluice_database_writes_total", "Writes to the database that ended"};
inline constexpr metric database_commits{"sluice_database_commits_total", "Transactions that were committed"};
inline constexpr metric database_refused{"sluice_database_refused_total", "Refused because too much waited"};
inline constexpr metric database_reads_waiting{"sluice_database_reads_waiting", "Reads that wait for a connection"};
inline constexpr metric database_writes_waiting{"sluice_database_writes_waiting", "Writes that wait for a connection"};
inline constexpr metric outbox_records{"sluice_outbox_records", "Records in the outbox file"};
inline constexpr metric outbox_bytes{"sluice_outbox_bytes", "Bytes in the outbox file"};

// Calls between nodes. Labels: method, status (the code's name).
inline constexpr metric rpc_serving{"sluice_rpc_serving", "Calls of other nodes that are being answered"};
inline constexpr metric rpc_served{"sluice_rpc_served_total", "Calls of other nodes that were answered"};
inline constexpr metric rpc_served_seconds{"sluice_rpc_served_duration_seconds",
                                           "How long calls of other nodes took, but for those without an end"};
inline constexpr metric rpc_made{"sluice_rpc_calls_total", "Calls to other nodes that ended"};
inline constexpr metric rpc_made_seconds{"sluice_rpc_call_duration_seconds", "How long calls to other nodes took"};

// Redis. Label reason: away, refused, unusable, read_only, full, bug.
inline constexpr metric redis_up{"sluice_redis_up", "Whether there is a connection to Redis"};
inline constexpr metric redis_waiting{"sluice_redis_waiting_calls", "Calls to Redis without an answer yet"};
inline constexpr metric redis_connections{"sluice_redis_connections_total", "Connections to Redis that were opened"};
inline constexpr metric redis_seconds{"sluice_redis_call_duration_seconds", "How long Redis' answers took"};
inline constexpr metric redis_errors{"sluice_redis_errors_total", "What went wrong with Redis"};

// Traces on their way out. Label reason: queue_full, export_failed, stopped.
inline constexpr metric spans_exported{"sluice_spans_exported_total", "Spans that a collector has taken"};
inline constexpr metric spans_dropped{"sluice_spans_dropped_total", "Spans that nobody will see"};

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

// Spans. Those of HTTP requests are named after method and route, those of calls after service and method, those of
// attempts after operation and model.
inline constexpr std::string_view span_chat = "websocket chat";
inline constexpr std::string_view span_generation = "generation";

// Events of spans.
inline constexpr std::string_view event_first_token = "first_token";
inline constexpr std::string_view event_retry = "retry";
inline constexpr std::string_view event_cancel = "cancel";

// Attributes of spans and events: OpenTelemetry's semantic conventions, and those of generative AI.
inline constexpr std::string_view error_type = "error.type";
inline constexpr std::string_view http_method = "http.request.method";
inline constexpr std::string_view http_route = "http.route";
inline constexpr std::string_view http_status = "http.response.status_code";
inline constexpr std::string_view http_resends = "http.request.resend_count";
inline constexpr std::string_view url_path = "url.path";
inline constexpr std::string_view url_scheme = "url.scheme";
inline constexpr std::string_view server_address = "server.address";
inline constexpr std::string_view server_port = "server.port";
inline constexpr std::string_view rpc_system = "rpc.system";
inline constexpr std::string_view rpc_service = "rpc.service";
inline constexpr std::string_view rpc_method = "rpc.method";
inline constexpr std::string_view rpc_status = "rpc.grpc.status_code";
inline constexpr std::string_view gen_ai_operation = "gen_ai.operation.name";
inline constexpr std::string_view gen_ai_provider = "gen_ai.provider.name";
inline constexpr std::string_view gen_ai_request_model = "gen_ai.request.model";
inline constexpr std::string_view gen_ai_request_stream = "gen_ai.request.stream";
inline constexpr std::string_view gen_ai_request_max_tokens = "gen_ai.request.max_tokens";
inline constexpr std::string_view gen_ai_request_temperature = "gen_ai.request.temperature";
inline constexpr std::string_view gen_ai_request_top_p = "gen_ai.request.top_p";
inline constexpr std::string_view gen_ai_request_stop = "gen_ai.request.stop_sequences";
inline constexpr std::string_view gen_ai_request_seed = "gen_ai.request.seed";
inline constexpr std::string_view gen_ai_request_choices = "gen_ai.request.choice.count";
inline constexpr std::string_view gen_ai_response_id = "gen_ai.response.id";
inline constexpr std::string_view gen_ai_response_model = "gen_ai.response.model";
inline constexpr std::string_view gen_ai_finish_reasons = "gen_ai.response.finish_reasons";
inline constexpr std::string_view gen_ai_first_chunk = "gen_ai.response.time_to_first_chunk";
inline constexpr std::string_view gen_ai_input_tokens = "gen_ai.usage.input_tokens";
inline constexpr std::string_view gen_ai_cached_tokens = "gen_ai.usage.cache_read.input_tokens";
inline constexpr std::string_view gen_ai_output_tokens = "gen_ai.usage.output_tokens";
inline constexpr std::string_view gen_ai_reasoning_tokens = "gen_ai.usage.reasoning.output_tokens";
inline constexpr std::string_view gen_ai_conversation = "gen_ai.conversation.id";
inline constexpr std::string_view gen_ai_input = "gen_ai.input.messages";    // only with telemetry.traces.content
inline constexpr std::string_view gen_ai_output = "gen_ai.output.messages";  // likewise
// Ours.
inline constexpr std::string_view span_generation_id = "sluice.generation.id";
inline constexpr std::string_view span_request_id = "sluice.request.id";
inline constexpr std::string_view span_status = "sluice.generation.status";
inline constexpr std::string_view span_provider = "sluice.provider.name";
inline constexpr std::string_view span_attempt = "sluice.attempt";
inline constexpr std::string_view span_deltas = "sluice.generation.deltas";

// Fields of log lines.
inline constexpr std::string_view trace_id = "trace_id";
inline constexpr std::string_view span_id = "span_id";
inline constexpr std::string_view request_id = "request_id";
inline constexpr std::string_view generation_id = "generation_id";
inline constexpr std::string_view connection_id = "connection_id";
inline constexpr std::string_view user_id = "user_id";
inline constexpr std::string_view provider = "provider";
inline constexpr std::string_view model = "model";

}  // namespace sluice::telemetry::names
