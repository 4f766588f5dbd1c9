#include "app/wiring.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "door/own_host.hpp"

namespace sluice::app {
namespace {

// The scheme and authority of an http URL; empty for an empty one.
std::string origin_of(std::string_view url) {
  constexpr std::string_view mark = "://";
  const std::size_t authority = url.find(mark);
  if (authority == std::string_view::npos) return {};
  return std::string(url.substr(0, url.find('/', authority + mark.size())));
}

}  // namespace

agent::settings make_agent_settings(const settings& told) {
  agent::settings made;
  for (const model_settings& model : told.models) {
    agent::model_settings& added = made.models.emplace_back();
    added.name = model.name;
    added.context_tokens = model.context_tokens;
    added.fallback = model.fallback;
    for (const target_settings& target : model.targets) {
      added.targets.push_back({.provider = target.provider, .model = target.model, .weight = target.weight});
    }
  }
  made.default_model = told.default_model;
  made.retry = {
      .attempts = told.retry.attempts, .base_delay = told.retry.base_delay, .max_delay = told.retry.max_delay};
  made.grace = told.generations.grace;
  made.orphan_timeout = told.generations.orphan_timeout;
  made.log_bytes_max = told.generations.log_bytes;
  made.ended_bytes_max = told.generations.ended_bytes;
  made.live_per_user_max = told.server.limits.streams_per_user;
  return made;
}

agent::rpc_client_settings make_agent_client_settings(const settings& told) {
  // What its clients have left, a gateway leaves too: the agent's own patience begins then.
  agent::rpc_client_settings made;
  made.abandoned_after = std::min(made.abandoned_after, told.generations.orphan_timeout);
  made.housekeeping = std::clamp(made.abandoned_after / 4, milliseconds(20), made.housekeeping);
  return made;
}

identity::settings make_identity_settings(const settings& told) {
  identity::settings made;
  if (!told.server.public_url.empty()) made.issuer = told.server.public_url;
  made.token_ttl = told.auth.token_ttl;
  made.refresh_ttl = told.auth.refresh_ttl;
  made.sealing_secret = told.services.secret;
  made.registration =
      told.auth.registration == registration::open ? identity::registration::open : identity::registration::closed;
  return made;
}

namespace {

door::limit_subject subject_of(limited_by by) {
  switch (by) {
    case limited_by::address:
      return door::limit_subject::address;
    case limited_by::user:
      return door::limit_subject::user;
    case limited_by::key:
      return door::limit_subject::key;
    case limited_by::global:
      return door::limit_subject::global;
  }
  return door::limit_subject::address;
}

door::request_limit make_request_limit(const rate_limit& told) {
  const rate_limit_settings& common = common_of(told);
  door::request_limit made{.what = {.name = common.name, .rule = {}},
                           .by = subject_of(common.by),
                           .counts_chats = common.match.operation == limited_operation::chat,
                           .path = common.match.path,
                           .method = common.match.method};
  if (const auto* const bucket = std::get_if<bucket_limit_settings>(&told)) {
    made.what.rule = limits::token_bucket_rule{.rate = bucket->rate, .burst = bucket->burst};
  } else {
    const auto& window = std::get<window_limit_settings>(told);
    made.what.rule = limits::sliding_window_rule{.limit = window.limit, .per = window.per};
  }
  return made;
}

}  // namespace

std::vector<http::route> guard(const settings& told, std::vector<http::route> routes) {
  if (told.auth.insecure_tokens.empty() || told.auth.insecure_anywhere) return routes;
  std::vector<std::string> origins = told.server.allowed_origins;
  if (std::string own = origin_of(told.server.public_url); !own.empty()) origins.push_back(std::move(own));
  for (http::route& one : routes)
    one = door::require_own_host(std::move(one), origins);
  return routes;
}

gateway::settings make_gateway_settings(const settings& told) {
  gateway::settings made;
  made.public_origin = origin_of(told.server.public_url);
  made.allowed_origins = told.server.allowed_origins;
  made.allow_query_token = told.server.allow_query_token;
  made.insecure_tokens = told.auth.insecure_tokens;
  for (const api_key_settings& key : told.auth.keys) {
    made.keys.push_back(
        {.name = key.name, .sha256 = key.sha256, .role = key.role == key_role::admin ? "admin" : "user"});
  }
  const limit_settings& limits = told.server.limits;
  made.message_bytes_max = limits.message_bytes;
  made.sockets_max = limits.sockets;
  made.sockets_per_user_max = limits.sockets_per_user;
  made.json = {.depth = limits.json_depth};
  made.dialogue = {.streams_max = limits.streams_per_socket, .json = made.json};
  made.heartbeat = told.server.timeouts.heartbeat;
  made.message_timeout = told.server.timeouts.body;
  made.write_timeout = told.server.timeouts.write;
  made.session_check = std::min(made.session_check, told.auth.token_ttl);
  made.resume_window = told.generations.grace;
  for (const rate_limit& one : told.limits)
    made.limits.push_back(make_request_limit(one));
  return made;
}

namespace {

// A message holds a body, and what is said about it.
std::size_t rpc_message_bytes(const settings& told) {
  constexpr std::size_t around_the_body = 1 << 20;
  return told.server.limits.body_bytes + around_the_body;
}

rpc::security make_security(const services_settings& told) {
  return {.tls = {.certificate = told.tls.certificate, .key = told.tls.key, .ca = told.tls.ca}, .secret = told.secret};
}

}  // namespace

rpc::server_settings make_rpc_server_settings(const settings& told, rpc::instruments* watch) {
  return {.listen = told.server.listen,
          .protection = make_security(told.services),
          .message_bytes_max = rpc_message_bytes(told),
          .watch = watch};
}

rpc::channel_settings make_channel_settings(const settings& told, std::string peer, std::vector<std::string> addresses,
                                            rpc::instruments* watch) {
  return {.peer = std::move(peer),
          .addresses = std::move(addresses),
          .protection = make_security(told.services),
          .message_bytes_max = rpc_message_bytes(told),
          .watch = watch};
}

namespace {

result<std::unique_ptr<rpc::channel>> make_channel(const settings& told, const std::string& peer,
                                                   const std::vector<std::string>& addresses,
                                                   const telemetry::logger& log, rpc::instruments* watch) {
  if (addresses.empty())
    return failure(error_reason::invalid_argument, "services." + peer + ".address is not set: where is " + peer + "?");
  auto made = rpc::channel::make(make_channel_settings(told, peer, addresses, watch), log);
  if (!made) made.error().message = "services." + peer + ".address: " + made.error().message;
  return made;
}

}  // namespace

result<std::unique_ptr<rpc::channel>> make_identity_channel(const settings& told, const telemetry::logger& log,
                                                            rpc::instruments* watch) {
  return make_channel(told, "identity", told.services.identity.address, log, watch);
}

result<std::unique_ptr<rpc::channel>> make_agent_channel(const settings& told, const telemetry::logger& log,
                                                         rpc::instruments* watch) {
  return make_channel(told, "agent", told.services.agent.address, log, watch);
}

result<std::unique_ptr<rpc::channel>> make_channel_to_agent(const settings& told, const std::string& address,
                                                            const telemetry::logger& log, rpc::instruments* watch) {
  rpc::channel_settings how = make_channel_settings(told, "agent", {address}, watch);
  how.only_serving = false;
  return rpc::channel::make(std::move(how), log);
}

std::string make_advertised_address(const settings& told, const std::string& bound) {
  if (!told.services.advertise.empty()) return told.services.advertise;
  const auto at = http::parse_listen_address(bound);
  if (!at || !at->address().is_unspecified()) return bound;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return bound;
  return std::string(name.data()) + ':' + std::to_string(at->port());
}

admin::settings make_admin_settings(const settings& told) {
  return {make_gateway_settings(told)};
}

store::database_settings make_database_settings(const settings& told) {
  if (!told.database.url.starts_with(sqlite_scheme)) {
    const std::size_t readers = told.database.connections / 2;
    return {.url = told.database.url,
            .readers = readers,
            .writers = told.database.connections - readers,
            .start_timeout = told.database.start_timeout};
  }
  const std::filesystem::path path = std::string_view(told.database.url).substr(sqlite_scheme.size());
  return {.url = std::string(sqlite_scheme) + (std::filesystem::path(told.data_dir) / path).string()};
}

namespace {

// What pages of other origins may read of our answers, beside what they always may.
constexpr const char* exposed_headers =
    "x-request-id, x-generation-id, retry-after, retry-after-ms, ratelimit, ratelimit-policy, "
    "x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests";

}  // namespace

std::expected<http::server_settings, std::string> make_client_server_settings(const settings& told) {
  http::server_settings made;
  const auto listen = http::parse_listen_address(told.server.listen);
  if (!listen) return std::unexpected("server.listen: " + listen.error().message);
  made.listen = *listen;
  if (!told.server.tls.certificate.empty()) {
    auto tls = http::tls_context::make_server(told.server.tls.certificate, told.server.tls.key);
    if (!tls) return std::unexpected("server.tls: " + tls.error().message);
    made.tls = std::move(*tls);
  }
  for (const std::string& range : told.server.trusted_proxies) {
    const auto read = http::address_range::parse(range);
    if (!read) return std::unexpected("server.trusted_proxies: \"" + range + "\" is no network");
    made.trusted_proxies.push_back(*read);
  }
  made.cors = {.origins = told.server.cors.origins, .exposed_headers = exposed_headers};
  const limit_settings& limits = told.server.limits;
  const timeout_settings& timeouts = told.server.timeouts;
  made.limits.header_bytes_max = limits.header_bytes;
  made.limits.body_bytes_max = limits.body_bytes;
  made.limits.bodies_bytes_max = limits.bodies_bytes;
  made.limits.connections_max = limits.sockets;
  made.limits.connections_per_address_max = limits.sockets_per_address;
  made.limits.header_timeout = timeouts.header;
  made.limits.idle_timeout = timeouts.keep_alive;
  made.limits.body_timeout = timeouts.body;
  made.limits.write_timeout = timeouts.write;
  return made;
}

std::expected<std::optional<http::server_settings>, std::string> make_internal_server_settings(const settings& told) {
  if (told.server.internal_listen.empty()) return std::optional<http::server_settings>();
  const auto at = http::parse_listen_address(told.server.internal_listen);
  if (!at) return std::unexpected("server.internal_listen: " + at.error().message);
  return http::server_settings{.listen = *at};
}

}  // namespace sluice::app
