// The opening handshake of RFC 6455, section 4, for both sides, on header values alone.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace sluice::http {

/// The fields of a request that asks for a WebSocket. A field that occurs several times is given joined by commas, one
/// that is missing is empty.
struct websocket_request {
  std::string_view method = {};
  unsigned http_version = 11;  ///< 11 for HTTP/1.1
  std::string_view upgrade = {};
  std::string_view connection = {};
  std::string_view version = {};    ///< Sec-WebSocket-Version
  std::string_view key = {};        ///< Sec-WebSocket-Key
  std::string_view protocols = {};  ///< Sec-WebSocket-Protocol
};

/// What the 101 answer says.
struct websocket_acceptance {
  std::string accept;         ///< Sec-WebSocket-Accept
  std::string_view protocol;  ///< Sec-WebSocket-Protocol, one of the server's list; empty: leave the field out
};

/// Why there is no WebSocket. With status 426 the answer carries `Upgrade: websocket`, `Connection: upgrade` and
/// `Sec-WebSocket-Version: 13`.
struct websocket_refusal {
  unsigned status = 400;
  std::string message;
};

/// Whether the request asks for a WebSocket at all, well or badly.
bool asks_for_websocket(std::string_view upgrade, std::string_view connection);

/// Checks a request (section 4.2.1). `protocols` are the server's; the first one in the client's list that is among
/// them is taken. A client that offers none gets none; one that offers only unknown ones is refused.
std::expected<websocket_acceptance, websocket_refusal> accept_websocket(
    const websocket_request& request, std::span<const std::string_view> protocols = {});

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
std::string websocket_accept_key(std::string_view key);

/// A client's fresh Sec-WebSocket-Key: 16 random bytes in base64.
std::string make_websocket_key();

/// The fields of a server's answer; joined and empty as in a request.
struct websocket_answer {
  unsigned status = 0;
  std::string_view upgrade = {};
  std::string_view connection = {};
  std::string_view accept = {};
  std::string_view protocol = {};
  std::string_view extensions = {};  ///< Sec-WebSocket-Extensions; none is ever offered
};

/// Checks a server's answer to a client that sent `key` and offered `protocols` (section 4.1). Gives the chosen
/// subprotocol (empty: none), or says what was wrong.
std::expected<std::string_view, std::string> check_websocket_answer(const websocket_answer& answer,
                                                                    std::string_view key,
                                                                    std::span<const std::string_view> protocols = {});

}  // namespace sluice::http
