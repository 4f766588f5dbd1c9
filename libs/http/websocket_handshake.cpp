#include "http/websocket_handshake.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/base64.hpp"

namespace sluice::http {
namespace {

constexpr std::string_view magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, section 1.3
constexpr std::size_t key_bytes = 16;
constexpr std::string_view version = "13";

template <std::size_t Size>
std::string to_base64(const std::array<unsigned char, Size>& bytes) {
  return encode_base64({reinterpret_cast<const char*>(bytes.data()), Size});
}

/// Whether `key` is the base64 of 16 bytes: 22 letters, of which the last carries two bits, and padding.
bool is_key(std::string_view key) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == 24 && key.ends_with("==") && key.find_first_not_of(letters) == 22 &&
         std::string_view("AQgw").find(key[21]) != std::string_view::npos;
}

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, to_lower, to_lower);
}

/// RFC 9110, section 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (to_lower(c) >= 'a' && to_lower(c) <= 'z') || (c >= '0' && c <= '9') || marks.find(c) != marks.npos;
  });
}

/// Takes the next member off a comma-separated list, trimmed; empty members are passed over (RFC 9110, section 5.6.1).
std::optional<std::string_view> take_member(std::string_view& list) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view member = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    const std::size_t start = member.find_first_not_of(" \t");
    if (start == member.npos) continue;
    member = member.substr(start, member.find_last_not_of(" \t") - start + 1);
    return member;
  }
  return std::nullopt;
}

bool list_has(std::string_view list, std::string_view wanted) {
  while (const auto member = take_member(list)) {
    if (equals_ignoring_case(*member, wanted)) return true;
  }
  return false;
}

std::unexpected<websocket_refusal> refuse(unsigned status, std::string message) {
  return std::unexpected(websocket_refusal{.status = status, .message = std::move(message)});
}

/// The client's first offer that the server speaks; empty if it offers none.
std::expected<std::string_view, websocket_refusal> choose_protocol(std::string_view offers,
                                                                   std::span<const std::string_view> protocols) {
  std::string_view chosen;
  bool offers_any = false;
  while (const auto offer = take_member(offers)) {
    if (!is_token(*offer)) return refuse(400, "Sec-WebSocket-Protocol is not a list of names");
    offers_any = true;
    const auto known = std::ranges::find(protocols, *offer);
    if (chosen.empty() && known != protocols.end()) chosen = *known;
  }
  if (!offers_any || !chosen.empty()) return chosen;
  std::string message = "none of the offered subprotocols is spoken here; offer none";
  for (const auto protocol : protocols)
    message.append(", or ").append(protocol);
  return refuse(400, std::move(message));
}

}  // namespace

bool asks_for_websocket(std::string_view upgrade, std::string_view connection) {
  return list_has(upgrade, "websocket") && list_has(connection, "upgrade");
}

std::expected<websocket_acceptance, websocket_refusal> accept_websocket(const websocket_request& request,
                                                                        std::span<const std::string_view> protocols) {
  if (!asks_for_websocket(request.upgrade, request.connection))
    return refuse(426, "this path speaks WebSocket: ask for an upgrade");
  if (request.method != "GET") return refuse(400, "a WebSocket is asked for with GET");
  if (request.http_version < 11) return refuse(400, "a WebSocket needs HTTP/1.1");
  if (request.version.empty()) return refuse(400, "Sec-WebSocket-Version is missing");
  if (request.version != version) return refuse(426, "only Sec-WebSocket-Version 13 is spoken here");
  if (!is_key(request.key)) return refuse(400, "Sec-WebSocket-Key must be 16 bytes in base64");
  const auto protocol = choose_protocol(request.protocols, protocols);
  if (!protocol) return std::unexpected(protocol.error());
  return websocket_acceptance{.accept = websocket_accept_key(request.key), .protocol = *protocol};
}

std::string websocket_accept_key(std::string_view key) {
  const std::string text = std::string(key).append(magic);
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return to_base64(digest);
}

std::string make_websocket_key() {
  std::array<unsigned char, key_bytes> bytes;
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw std::runtime_error("OpenSSL has no random bytes");
  return to_base64(bytes);
}

std::expected<std::string_view, std::string> check_websocket_answer(const websocket_answer& answer,
                                                                    std::string_view key,
                                                                    std::span<const std::string_view> protocols) {
  const auto wrong = [](std::string_view what) { return std::unexpected(std::string(what)); };
  if (answer.status != 101) return wrong("the server did not switch to WebSocket");
  if (!equals_ignoring_case(answer.upgrade, "websocket") || !list_has(answer.connection, "upgrade"))
    return wrong("the server switched to something else than WebSocket");
  if (answer.accept != websocket_accept_key(key)) return wrong("Sec-WebSocket-Accept does not fit the key");
  if (!answer.extensions.empty()) return wrong("the server uses an extension that was not offered");
  if (!answer.protocol.empty() && std::ranges::find(protocols, answer.protocol) == protocols.end())
    return wrong("the server chose a subprotocol that was not offered");
  return answer.protocol;
}

}  // namespace sluice::http
