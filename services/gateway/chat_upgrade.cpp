#include "gateway/chat_upgrade.hpp"

#include <array>

#include "door/credentials.hpp"
#include "door/limited_route.hpp"
#include "http/websocket_handshake.hpp"

namespace sluice::gateway {

using namespace door;

namespace {

constexpr std::array<std::string_view, 1> subprotocols{"sluice.v1"};

http::websocket_request handshake_of(const http::request& asked, std::string_view upgrade, std::string_view connection,
                                     std::string_view protocols, std::string_view key) {
  return {.method = asked.method,
          .http_version = asked.version,
          .upgrade = upgrade,
          .connection = connection,
          .version = asked.headers.get("sec-websocket-version"),
          .key = key,
          .protocols = protocols};
}

http::response refuse_handshake(const http::websocket_refusal& why, const http::request& asked) {
  http::response answer = http::error_response(
      why.status, {.reason = error_reason::invalid_argument, .message = why.message}, asked.request_id);
  if (why.status == 426) {
    answer.headers.set("upgrade", "websocket");
    answer.headers.set("connection", "upgrade");
    answer.headers.set("sec-websocket-version", "13");
  }
  return answer;
}

result<void> check_origin(const settings& told, const http::request& asked, bool has_query_token) {
  const std::string_view origin = asked.headers.get("origin");
  const bool from_disk = origin == "null" && has_query_token;
  if (from_disk || is_allowed_origin(told, origin, asked.headers.get("host"))) return {};
  return failure(error_reason::permission_denied,
                 "pages of this origin may not open sockets here; add it to server.allowed_origins if they should");
}

struct entry_pass {
  std::shared_ptr<const principal> who;
  socket_place place;
};

// By header, by ticket, or by token in the URL: the first that is there.
task<result<std::shared_ptr<const principal>>> identify(admission& door, ws_tickets& tickets,
                                                        const http::request& asked, const std::string& query_token) {
  const std::string_view credential = find_credential(asked);
  const auto ticket = asked.query_parameter("ticket");
  if (!credential.empty() || !ticket) {
    co_return co_await door.authenticate(credential.empty() ? query_token : credential);
  }
  auto who = co_await tickets.redeem(*ticket);
  if (!who) co_return who;
  // A ticket is no proof that its session still stands.
  if (auto stands = co_await door.still_stands(**who); !stands) co_return std::unexpected(std::move(stands.error()));
  co_return who;
}

task<result<entry_pass>> admit(const chat_door& by, http::exchange& with) {
  const http::request& asked = with.request();
  const std::string query_token =
      by.told.allow_query_token ? asked.query_parameter("token").value_or("") : std::string();
  if (auto origin = check_origin(by.told, asked, !query_token.empty()); !origin)
    co_return std::unexpected(std::move(origin.error()));
  if (!by.told.allow_query_token && asked.query_parameter("token") && find_credential(asked).empty() &&
      !asked.query_parameter("ticket")) {
    co_return failure(error_reason::unauthenticated,
                      "tokens are not taken from the address here (server.allow_query_token is off): send "
                      "\"Authorization: Bearer <token>\", or a ?ticket= from POST /v1/ws-tickets");
  }
  auto who = co_await identify(by.door, by.tickets, asked, query_token);
  if (!who) co_return std::unexpected(std::move(who.error()));
  if (!with.count_client()) {
    error full{.reason = error_reason::rate_limited, .message = "too many connections from this address"};
    full.retry_after = std::chrono::seconds(5);
    co_return std::unexpected(std::move(full));
  }
  auto place = by.places.take(*who);
  if (!place) co_return std::unexpected(std::move(place.error()));
  co_return entry_pass{.who = std::move(*who), .place = std::move(*place)};
}

}  // namespace

task<> upgrade_to_chat(chat_door by, chat_sockets& sockets, http::exchange& with) {
  const http::request& asked = with.request();
  const http::client_key client = http::client_key_of(asked.client_address);
  request_charge charge(by.limits, by.scope, client);
  if (auto allowed = co_await charge.take_anonymous(); !allowed)
    co_return co_await refuse_limited(with, limit_face::ours, charge, std::move(allowed.error()));
  // Each of these may come in several fields of one name.
  const std::string upgrade = asked.headers.joined("upgrade");
  const std::string connection = asked.headers.joined("connection");
  const std::string protocols = asked.headers.joined("sec-websocket-protocol");
  const std::string key = asked.headers.joined("sec-websocket-key");  // two are none
  const auto accepted = http::accept_websocket(handshake_of(asked, upgrade, connection, protocols, key), subprotocols);
  if (!accepted) {
    co_await with.respond(refuse_handshake(accepted.error(), asked));
    co_return;
  }
  if (!with.has_whole_request() || !asked.body.empty()) {
    co_await with.respond_error(
        {.reason = error_reason::invalid_argument, .message = "an upgrade request has no body"});
    co_return;
  }
  if (sockets.is_draining()) {
    error away{.reason = error_reason::unavailable, .message = "this server is shutting down; another one will answer"};
    away.retry_after = std::chrono::seconds(1);
    co_await with.respond_error(std::move(away));
    co_return;
  }
  const std::uint64_t endings = sockets.endings();
  auto entry = co_await admit(by, with);
  if (!entry) {
    co_await with.respond_error(std::move(entry.error()));
    co_return;
  }
  if (!by.scope.personal.empty()) {
    if (auto allowed = co_await charge.take_personal(*entry->who); !allowed)
      co_return co_await refuse_limited(with, limit_face::ours, charge, std::move(allowed.error()));
  }
  std::string switching =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
      accepted->accept + "\r\n";
  if (!accepted->protocol.empty()) http::append_field(switching, "Sec-WebSocket-Protocol", accepted->protocol);
  http::append_field(switching, "X-Request-Id", asked.request_id);
  switching += "\r\n";
  if (co_await with.respond_raw(101, std::move(switching))) co_return;
  const chat_dialect dialect = accepted->protocol.empty() ? chat_dialect::basic : chat_dialect::full;
  sockets.adopt(with.take_socket(), client, dialect, std::move(entry->who), std::move(entry->place), endings);
}

}  // namespace sluice::gateway
