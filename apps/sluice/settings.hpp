// Everything that `sluice.yaml` can say, as plain structs. The members' initializers are the defaults; the descriptions
// of the keys stand in settings_schema.cpp, what must fit together in settings_checks.cpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/rate_limits.hpp"
#include "base/secret_string.hpp"
#include "config/schema.hpp"
#include "limits/limiter_fallback.hpp"
#include "telemetry/log.hpp"
#include "telemetry/trace_settings.hpp"

namespace sluice::app {

using std::chrono::milliseconds;

struct tls_settings {
  std::string certificate;  ///< path of a PEM file; empty with `key`: no TLS
  std::string key;
};

struct limit_settings {
  std::uint64_t message_bytes = 256ULL << 10;
  std::uint64_t body_bytes = 10ULL << 20;
  std::uint64_t bodies_bytes = 256ULL << 20;  ///< of all that are being received
  std::uint64_t header_bytes = 64ULL << 10;
  std::uint32_t json_depth = 32;
  std::uint32_t sockets = 100'000;  ///< of each kind: WebSockets, and HTTP connections
  std::uint32_t sockets_per_user = 32;
  std::uint32_t sockets_per_address = 1000;
  std::uint32_t streams_per_socket = 32;
  std::uint32_t streams_per_user = 256;
};

struct timeout_settings {
  milliseconds header{10'000};      ///< of a request; before the first one for TLS as well
  milliseconds body{10'000};        ///< on top of what its bytes take at the least rate
  milliseconds keep_alive{75'000};  ///< an idle HTTP connection between requests
  milliseconds heartbeat{30'000};   ///< a silent WebSocket is pinged, and closed if it answers nothing by the next
  milliseconds write{30'000};       ///< on top of what its bytes take at the least rate
  milliseconds drain{30'000};       ///< to finish what is running when told to stop
};

struct cors_settings {
  std::vector<std::string> origins;
};

struct server_settings {
  std::string listen = "0.0.0.0:8080";
  std::string internal_listen;  ///< empty: none
  std::string public_url;       ///< where clients reach us; empty: as their requests say
  std::vector<std::string> allowed_origins;
  bool allow_query_token = false;
  std::vector<std::string> trusted_proxies;  ///< CIDRs
  cors_settings cors;
  std::uint32_t workers = 0;  ///< 0: one per core
  tls_settings tls;
  limit_settings limits;
  timeout_settings timeouts;
};

enum class key_role : std::uint8_t { user, admin };

struct api_key_settings {
  std::string name;
  std::string sha256;  ///< of the key, in hexadecimal
  key_role role = key_role::user;
};

enum class registration : std::uint8_t { open, closed };

struct auth_settings {
  milliseconds token_ttl{15 * 60'000};
  milliseconds refresh_ttl{30LL * 24 * 3'600'000};  ///< counted anew at each refresh
  registration registration = registration::open;
  std::vector<secret_string> insecure_tokens;
  bool insecure_anywhere = false;
  std::vector<api_key_settings> keys;
};

/// How the URL of a database in a file begins.
inline constexpr std::string_view sqlite_scheme = "sqlite:";

struct database_settings {
  std::string url = "sqlite:sluice.db";  ///< a path that is relative is so to `data_dir`
  std::uint32_t connections = 8;         ///< to a server
  std::chrono::milliseconds start_timeout{30'000};
};

enum class mock_failure : std::uint8_t { none, refuse, rate_limit, stall, cut };

struct mock_provider_settings {
  std::uint32_t delay_ms = 20;
  std::uint32_t first_delay_ms = 0;
  bool reasoning = true;
  mock_failure fail = mock_failure::none;
  std::uint64_t fail_after = 0;  ///< deltas
  milliseconds stall_limit{30'000};
};

struct provider_timeout_settings {
  milliseconds connect{5'000};
  milliseconds first_token{60'000};
  milliseconds between_tokens{30'000};
  milliseconds total{600'000};
};

struct http_provider_settings {
  std::string base_url;
  secret_string api_key;  ///< empty: none is sent
  provider_timeout_settings timeouts;
  std::map<std::string, secret_string> headers;  ///< sent with every request
  std::string ca_file;                           ///< PEM; empty: the system's
  std::uint32_t connections_per_worker = 256;
};

struct openai_provider_settings : http_provider_settings {
  openai_provider_settings() { base_url = "https://api.openai.com/v1"; }
};
struct anthropic_provider_settings : http_provider_settings {
  anthropic_provider_settings() { base_url = "https://api.anthropic.com"; }
};
struct gemini_provider_settings : http_provider_settings {
  gemini_provider_settings() { base_url = "https://generativelanguage.googleapis.com"; }
};

using provider_settings = std::variant<mock_provider_settings, openai_provider_settings, anthropic_provider_settings,
                                       gemini_provider_settings>;

struct target_settings {
  std::string provider;
  std::string model;  ///< empty: the name that was asked for
  std::uint32_t weight = 1;
};

struct model_settings {
  std::string name;
  std::vector<target_settings> targets;
  std::vector<std::string> fallback;
  std::uint32_t context_tokens = 128'000;
};

struct retry_keys {
  std::uint32_t attempts = 2;
  milliseconds base_delay{250};
  milliseconds max_delay{5'000};
};

struct generation_settings {
  milliseconds grace{300'000};
  milliseconds orphan_timeout{60'000};
  std::uint64_t log_bytes = 16ULL << 20;
  std::uint64_t ended_bytes = 1ULL << 30;
};

/// What the standard variables of OpenTelemetry may say otherwise.
struct trace_keys {
  std::string endpoint;  ///< of a collector; empty: no traces
  telemetry::trace_protocol protocol = telemetry::trace_protocol::http_protobuf;
  double ratio = 1;      ///< of the traces that begin here
  bool content = false;  ///< prompts and answers in spans
};

struct telemetry_settings {
  telemetry::log_level log_level = telemetry::log_level::info;
  telemetry::log_format log_format = telemetry::log_format::text;
  trace_keys traces;
};

/// How the separate roles find and know one another.
struct service_settings {
  std::vector<std::string> address;  ///< targets of gRPC's; several are asked in turn
};

struct service_tls_settings {
  std::string certificate;  ///< paths of PEM files; empty: none
  std::string key;
  std::string ca;
};

struct services_settings {
  service_settings identity;
  service_settings agent;
  secret_string secret;
  service_tls_settings tls;
  std::string advertise;  ///< empty: host name and actual port
};

/// The URL of state that is this process's own.
inline constexpr std::string_view state_in_memory = "memory:";

struct state_settings {
  std::string url{state_in_memory};
  limits::when_away fail = limits::when_away::local;  ///< what becomes of limits while it cannot be reached
  std::string ca_file;                                ///< PEM; whom to believe beside the system's authorities
  std::string prefix = "sluice:";                     ///< of everything there
  milliseconds timeout{500};                          ///< for an answer
};

struct settings {
  server_settings server;
  std::string data_dir = "./data";
  database_settings database;
  state_settings state;
  auth_settings auth;
  services_settings services;
  std::map<std::string, provider_settings> providers;  ///< by name
  std::vector<model_settings> models;
  std::string default_model;
  retry_keys retry;
  generation_settings generations;
  std::vector<rate_limit> limits;  ///< `default_rate_limits` where nothing is said
  telemetry_settings telemetry;
};

/// The schema of `settings`; made anew by each call.
config::type<settings> settings_schema();

/// What is wrong between keys that are each right by themselves. Origins are taken from `document`.
config::problems check_settings(const settings& told, const config::value& document);

}  // namespace sluice::app
