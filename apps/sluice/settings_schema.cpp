// The description of every key: the source of checks, error messages and docs/configuration.md.
#include <algorithm>

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include "app/provider_schema.hpp"
#include "app/schema_rules.hpp"
#include "app/settings.hpp"
#include "http/server.hpp"

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
using namespace config;

bool is_sha256(std::string_view text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_web_origin(std::string_view text) {
  const auto url = boost::urls::parse_uri(text);
  return is_http_url(text) && url->encoded_path().empty() && !url->has_userinfo();
}

bool is_database_url(std::string_view text) {
  constexpr std::string_view file = "sqlite:";
  if (text.find('\0') != std::string_view::npos) return false;
  return text.starts_with("postgresql://") || text.starts_with("postgres://") ||
         (text.starts_with(file) && text.size() > file.size());
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 &&
         std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7F; });
}

bool is_rpc_target(std::string_view text) {
  return !text.empty() && text.size() <= 1024 &&
         std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7F; });
}

constexpr text_rule listen_rule{"an address and port such as 127.0.0.1:8080 or [::1]:8080",
                                [](std::string_view text) { return http::parse_listen_address(text).has_value(); }};
constexpr text_rule optional_listen_rule{
    "an address and port such as 127.0.0.1:9090, or \"\" for none",
    [](std::string_view text) { return text.empty() || http::parse_listen_address(text).has_value(); }};
constexpr text_rule web_origin_rule{"an origin such as https://chat.example.org", is_web_origin};
constexpr text_rule optional_url_rule{"an http or https URL without a query, or \"\"",
                                      [](std::string_view text) { return text.empty() || is_http_url(text); }};
constexpr text_rule path_rule{
    "a path", [](std::string_view text) { return !text.empty() && text.find('\0') == std::string_view::npos; }};
constexpr text_rule database_url_rule{
    "sqlite: and the path of a file, such as sqlite:sluice.db, or postgresql://user:password@host:5432/database",
    is_database_url};
constexpr text_rule state_prefix_rule{"at most 64 bytes without braces", [](std::string_view text) {
                                        return text.size() <= 64 && text.find_first_of("{}") == std::string_view::npos;
                                      }};
constexpr text_rule cors_origin_rule{"an origin such as https://chat.example.org, or \"*\"",
                                     [](std::string_view text) { return text == "*" || is_web_origin(text); }};
constexpr text_rule range_rule{"an address or a network such as 10.0.0.0/8 or fd00::/8",
                               [](std::string_view text) { return http::address_range::parse(text).has_value(); }};
constexpr text_rule sha256_rule{"a SHA-256 as 64 lower-case hexadecimal digits", is_sha256};
constexpr text_rule name_rule{"a name of 1 to 128 bytes without spaces", is_name};

constexpr text_rule rpc_target_rule{
    "an address such as agent.example.org:50052, or a target such as dns:///agent:50052", is_rpc_target};
constexpr text_rule advertise_rule{"an address such as 10.0.0.7:50052, or \"\"",
                                   [](std::string_view text) { return text.empty() || is_rpc_target(text); }};

type<tls_settings> tls() {
  structure<tls_settings> keys;
  keys.key("certificate", &tls_settings::certificate, text(),
           "PEM file with the certificate and its chain; with `key`, turns TLS on.");
  keys.key("key", &tls_settings::key, text(), "PEM file with the private key.");
  return keys;
}

type<limit_settings> limits() {
  using s = limit_settings;
  const auto count = integer<std::uint32_t>(1, 10'000'000);
  structure<s> keys;
  keys.key("message_bytes", &s::message_bytes, size<std::uint64_t>(1024, 64 << 20), "The largest WebSocket message.");
  keys.key("body_bytes", &s::body_bytes, size<std::uint64_t>(1024, 1 << 30), "The largest HTTP request body.");
  keys.key("bodies_bytes", &s::bodies_bytes, size<std::uint64_t>(1024, 1ULL << 40),
           "What all request bodies that are being received may hold together; past it requests get 503. Those of one "
           "address may hold a quarter (429), but always one body.");
  keys.key("header_bytes", &s::header_bytes, size<std::uint64_t>(1024, 1 << 20), "The largest HTTP request header.");
  keys.key("json_depth", &s::json_depth, integer<std::uint32_t>(4, 128), "How deep JSON may be nested.");
  keys.key("sockets", &s::sockets, count, "Open WebSockets, and as many HTTP connections.");
  keys.key("sockets_per_user", &s::sockets_per_user, count, "Open WebSockets of one user.");
  keys.key("sockets_per_address", &s::sockets_per_address, count, "Open connections from one address.");
  keys.key("streams_per_socket", &s::streams_per_socket, count, "Live generations on one WebSocket.");
  keys.key("streams_per_user", &s::streams_per_user, count, "Live generations of one user.");
  return keys;
}

type<timeout_settings> timeouts() {
  using s = timeout_settings;
  const auto wait = duration(wait_min, wait_max);
  structure<s> keys;
  keys.key("header", &s::header, wait,
           "For a request's header, and before the first one for the TLS handshake as well.");
  keys.key(
      "body", &s::body, wait,
      "For a request's body, or a WebSocket message, to begin, to pause, or to fall behind the least rate of 1 KiB a "
      "second.");
  keys.key("keep_alive", &s::keep_alive, wait, "For the next request on an idle connection.");
  keys.key("heartbeat", &s::heartbeat, wait,
           "A WebSocket that is silent so long is pinged, and closed if it answers nothing by the next time.");
  keys.key("write", &s::write, wait,
           "For a client that takes nothing, on top of what its bytes take at the least rate.");
  keys.key("drain", &s::drain, duration(0ms, wait_max), "For what is running to end when the server is told to stop.");
  return keys;
}

type<cors_settings> cors() {
  structure<cors_settings> keys;
  keys.key("origins", &cors_settings::origins, list_of(text(cors_origin_rule)),
           "Web origins whose pages may use the HTTP APIs from a browser; \"*\": all, without cookies.");
  return keys;
}

type<server_settings> server() {
  using s = server_settings;
  structure<s> keys;
  keys.key("listen", &s::listen, text(listen_rule),
           "Where clients connect; port 0 picks a free one. Without a file 127.0.0.1:8080.");
  keys.key("internal_listen", &s::internal_listen, text(optional_listen_rule),
           "Where health, readiness and metrics are served as well.");
  keys.key("public_url", &s::public_url, text(optional_url_rule),
           "Where clients reach this server, for one behind a proxy: its pages are our own, and https makes cookies "
           "secure ones.");
  keys.key("allowed_origins", &s::allowed_origins, list_of(text(web_origin_rule)),
           "Web origins that may open sockets, beside our own host.");
  keys.key("allow_query_token", &s::allow_query_token, boolean(),
           "Whether `?token=` in the URL is taken as a credential. Without a file true.");
  keys.key("trusted_proxies", &s::trusted_proxies, list_of(text(range_rule)),
           "Addresses and networks (CIDR) of proxies whose X-Forwarded-For, Forwarded and PROXY header say who the "
           "client is, and whose X-Forwarded-Proto says how it came.");
  keys.key("cors", &s::cors, cors(), "Pages of other origins in browsers.");
  keys.key("workers", &s::workers, integer<std::uint32_t>(0, 1024), "Worker threads; 0: one per core.");
  keys.key("tls", &s::tls, tls(), "TLS towards clients.");
  keys.key("limits", &s::limits, limits(), "What one client, and all of them, may take up.");
  keys.key("timeouts", &s::timeouts, timeouts(), "How long slow clients are waited for.");
  return keys;
}

// A URL as it was written but for the password in it.
config::value show_url(const std::string& url) {
  const auto parsed = boost::urls::parse_uri(url);
  if (url.starts_with("sqlite:")) return config::value::scalar(url, true);
  if (!parsed) return config::value::scalar("********", true);
  boost::urls::url shown(*parsed);
  if (shown.has_password()) shown.set_password("********");
  if (const auto at = shown.params().find("password"); at != shown.params().end())
    shown.params().replace(at, {"password", "********"});
  return config::value::scalar(std::string(shown.buffer()), true);
}

type<database_settings> database() {
  structure<database_settings> keys;
  auto url = text(database_url_rule);
  url.show = show_url;
  keys.key("url", &database_settings::url, std::move(url),
           "Where the SQL database is: `sqlite:PATH`, where a relative path begins at `data_dir`, or "
           "`postgresql://user:password@host:5432/database?sslmode=…` with libpq's parameters.");
  keys.key("connections", &database_settings::connections, integer<std::uint32_t>(2, 1000),
           "Connections to a PostgreSQL server, half of them for reading.");
  keys.key("start_timeout", &database_settings::start_timeout, duration(1s, 24h),
           "How long `serve`, and commands, wait for a PostgreSQL server that is not there yet. The other roles wait "
           "until it is.");
  return keys;
}

type<state_settings> state_keys() {
  using limits::when_away;
  using s = state_settings;
  structure<s> keys;
  auto url = text();
  url.show = show_url;
  keys.key("url", &s::url, std::move(url),
           "Where it is: `memory:` for one process by itself, or `redis://user:password@host:6379/0`, or `rediss://…` "
           "for TLS, for all that use the same.");
  keys.key("fail", &s::fail,
           choice<when_away>({{"open", when_away::open}, {"local", when_away::local}, {"closed", when_away::closed}}),
           "What becomes of limits while it cannot be reached: everything may happen, each node counts for itself, or "
           "what is limited is refused.");
  keys.key("ca_file", &s::ca_file, text(), "PEM file of authorities that are trusted beside the system's.");
  keys.key("prefix", &s::prefix, text(state_prefix_rule), "Before every key and channel in it.");
  keys.key("timeout", &s::timeout, duration(10ms, 60s), "For an answer of it.");
  return keys;
}

type<auth_settings> auth() {
  structure<api_key_settings> key;
  key.required_key("name", &api_key_settings::name, text(name_rule),
                   "What the key is called; its user in logs and limits.");
  key.required_key("sha256", &api_key_settings::sha256, text(sha256_rule),
                   "The key's SHA-256: `printf %s KEY | sha256sum`.");
  key.key("role", &api_key_settings::role, choice<key_role>({{"user", key_role::user}, {"admin", key_role::admin}}),
          "What its owner may do.");

  structure<auth_settings> keys;
  keys.key("token_ttl", &auth_settings::token_ttl, duration(1s, 24h),
           "How long an access token is good; clients refresh it in time.");
  keys.key("refresh_ttl", &auth_settings::refresh_ttl, duration(1s, std::chrono::days(400)),
           "How long a session lasts without being used.");
  keys.key("registration", &auth_settings::registration,
           choice<registration>({{"open", registration::open}, {"closed", registration::closed}}),
           "Whether anybody may make an account, or only `sluice user add`.");
  keys.key("insecure_tokens", &auth_settings::insecure_tokens, list_of(secret()),
           "Fixed tokens of a user `demo`, for trying out. Refused unless only this machine can connect. Without a "
           "file: 123.");
  keys.key("insecure_anywhere", &auth_settings::insecure_anywhere, boolean(),
           "Takes insecure tokens on any address. Never where others can connect.");
  keys.key("keys", &auth_settings::keys, list_of<api_key_settings>(key), "API keys fixed in the file.");
  return keys;
}

type<services_settings> services() {
  structure<service_settings> service;
  service.key("address", &service_settings::address, one_or_list_of(text(rpc_target_rule)),
              "Where its nodes are; calls go to all of them in turn.");

  using t = service_tls_settings;
  structure<t> tls;
  tls.key("certificate", &t::certificate, text(),
          "PEM file with this node's certificate and its chain: shown to callers, and to those it calls.");
  tls.key("key", &t::key, text(), "PEM file with its private key.");
  tls.key(
      "ca", &t::ca, text(),
      "PEM file of the authorities of the other nodes. A node that has this and a certificate takes no call without "
      "one of theirs (mutual TLS).");

  using s = services_settings;
  structure<s> keys;
  keys.key("identity", &s::identity, type<service_settings>(service), "`sluice identity`, for the other roles.");
  keys.key("agent", &s::agent, type<service_settings>(service), "`sluice agent`, for the other roles.");
  keys.key(
      "secret", &s::secret, secret(),
      "What all nodes have in common: without it or mutual TLS none takes calls of other machines. Signing keys are "
      "sealed with it in the database.");
  keys.key("tls", &s::tls, type<t>(tls), "TLS between the nodes.");
  keys.key("advertise", &s::advertise, text(advertise_rule),
           "Where the other nodes reach this one; empty: its host name and actual port.");
  return keys;
}

type<model_settings> model() {
  structure<target_settings> target;
  target.required_key("provider", &target_settings::provider, text(name_rule), "The name of a provider.");
  target.key("model", &target_settings::model, text(), "The provider's own name of the model; empty: the same.");
  target.key("weight", &target_settings::weight, integer<std::uint32_t>(0, 1'000'000),
             "Its share of the requests, beside the other targets'.");

  structure<model_settings> keys;
  keys.required_key("name", &model_settings::name, text(name_rule), "What clients ask for.");
  keys.required_key("targets", &model_settings::targets, list_of<target_settings>(target),
                    "Who may answer; one is drawn by weight.");
  keys.key("context_tokens", &model_settings::context_tokens, integer<std::uint32_t>(256, 100'000'000),
           "What it can take: question, history and answer. Of a conversation that has grown longer, the oldest turns "
           "are not sent. Four bytes are counted as a token.");
  keys.key("fallback", &model_settings::fallback, list_of(text()),
           "Models, or `provider/model`, whose targets are asked when all of these have failed before they said "
           "anything; those models' own fallbacks are not.");
  return keys;
}

type<retry_keys> retry() {
  using s = retry_keys;
  structure<s> keys;
  keys.key("attempts", &s::attempts, integer<std::uint32_t>(1, 10),
           "How often each target is asked for one answer, at the most. Others come before the same one again.");
  keys.key("base_delay", &s::base_delay, duration(1ms, 60s),
           "The longest pause before the first repetition; each one after it may be twice as long. The pause is "
           "random, down to nothing, and not shorter than the provider's `retry-after`.");
  keys.key("max_delay", &s::max_delay, duration(1ms, 10min),
           "No pause is longer. A provider that wants a longer one is not asked again.");
  return keys;
}

type<generation_settings> generations() {
  using s = generation_settings;
  structure<s> keys;
  keys.key("grace", &s::grace, duration(0ms, wait_max), "How long an ended generation can be resumed.");
  keys.key("orphan_timeout", &s::orphan_timeout, duration(wait_min, wait_max),
           "How long a generation runs on when nobody follows it.");
  keys.key("log_bytes", &s::log_bytes, size<std::uint64_t>(4096, 1ULL << 30), "The largest answer.");
  keys.key("ended_bytes", &s::ended_bytes, size<std::uint64_t>(0, 1ULL << 40),
           "Memory of all ended generations together; past it the oldest leave before their grace is over.");
  keys.unsupported({"durability"});
  return keys;
}

type<trace_keys> traces() {
  using telemetry::trace_protocol;
  using s = trace_keys;
  structure<s> keys;
  keys.key("endpoint", &s::endpoint, text(),
           "A collector of OpenTelemetry's, such as `http://localhost:4318`; empty: no traces.");
  keys.key("protocol", &s::protocol,
           choice<trace_protocol>({{"http/protobuf", trace_protocol::http_protobuf}, {"grpc", trace_protocol::grpc}}),
           "What it speaks.");
  keys.key("ratio", &s::ratio, number(0, 1),
           "The share of the traces that begin here; what a caller has decided about its own trace holds here too.");
  keys.key("content", &s::content, boolean(), "Whether prompts and answers are recorded in traces.");
  return keys;
}

type<telemetry_settings> telemetry_keys() {
  using telemetry::log_format;
  using telemetry::log_level;
  structure<telemetry_settings> keys;
  keys.key("log_level", &telemetry_settings::log_level,
           choice<log_level>({{"trace", log_level::trace},
                              {"debug", log_level::debug},
                              {"info", log_level::info},
                              {"warning", log_level::warning},
                              {"error", log_level::error},
                              {"off", log_level::off}}),
           "The least important lines that are logged.");
  keys.key("log_format", &telemetry_settings::log_format,
           choice<log_format>({{"text", log_format::text}, {"json", log_format::json}}), "How log lines look.");
  keys.key("traces", &telemetry_settings::traces, traces(),
           "Where traces go. OpenTelemetry's standard variables (`OTEL_*`) go before what is said here.");
  return keys;
}

}  // namespace

type<settings> settings_schema() {
  structure<settings> keys;
  keys.key("server", &settings::server, server(), "Towards clients.");
  keys.key("data_dir", &settings::data_dir, text(path_rule),
           "The folder of everything that is kept; one process at a time holds it.");
  keys.key("database", &settings::database, database(), "Accounts, conversations, usage.");
  keys.key("state", &settings::state, state_keys(), "What all nodes know together and may forget.");
  keys.key("auth", &settings::auth, auth(), "Who may come in.");
  keys.key("services", &settings::services, services(), "The roles on their own, towards one another.");
  keys.key("providers", &settings::providers, providers_schema(),
           "Who answers, by name. The key `type` is `mock`, `openai` for every API like OpenAI's chat completions, "
           "`anthropic` for every API like Anthropic's Messages, or `gemini` for every API like Gemini's "
           "generateContent.");
  keys.key("models", &settings::models, list_of(model()), "What clients may ask for, beside `provider/model`.");
  keys.key("default_model", &settings::default_model, text(), "The model of requests that name none.");
  keys.key("retry", &settings::retry, retry(),
           "Who is asked again when a provider refuses, is overloaded, limits us or takes too long, as long as it has "
           "said nothing.");
  keys.key("generations", &settings::generations, generations(), "Answers while and after they are written.");
  keys.key("limits", &settings::limits, rate_limits_schema(),
           "How often; all that match apply. The key `algorithm` is `token_bucket` or `sliding_window`. Where this is "
           "not set and others than this machine can connect: 30 `POST /login` and 120 `POST /v1/auth/refresh` a "
           "minute and 20 `POST /register` an hour from one address.");
  keys.key("telemetry", &settings::telemetry, telemetry_keys(), "Logs and traces.");
  return keys;
}

}  // namespace sluice::app
