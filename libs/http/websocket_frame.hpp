// What RFC 6455 puts on the wire, for the side that writes: frame heads, masks, close codes. No I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::http {

/// Which end of the connection we are. A client masks what it sends, a server must not (section 5.1).
enum class websocket_role : std::uint8_t { server, client };

/// Section 5.2. Those from 8 on are control frames.
enum class websocket_opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

inline constexpr bool is_control(websocket_opcode opcode) {
  return static_cast<std::uint8_t>(opcode) >= 8;
}

/// Section 7.4.1, IANA's registry, and those of our own protocol. Plain numbers, because peers may send any from 3000
/// to 4999.
namespace close_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t unsupported_data = 1003;
inline constexpr std::uint16_t none_given = 1005;  ///< never on the wire: the peer's close frame was empty
inline constexpr std::uint16_t abnormal = 1006;    ///< never on the wire: the connection ended without a close frame
inline constexpr std::uint16_t invalid_payload = 1007;
inline constexpr std::uint16_t policy_violation = 1008;
inline constexpr std::uint16_t too_big = 1009;
inline constexpr std::uint16_t internal_error = 1011;
inline constexpr std::uint16_t try_again_later = 1013;
}  // namespace close_code

/// Whether a close frame may carry this code.
bool may_be_sent(std::uint16_t code);

/// A control frame's payload has at most this many bytes, so a close frame's reason two fewer (section 5.5).
inline constexpr std::size_t control_payload_bytes_max = 125;

using websocket_mask = std::array<char, 4>;

/// Masks or unmasks in place. `offset` is the place of `bytes` in the frame's payload (section 5.3).
void apply_mask(std::span<char> bytes, websocket_mask mask, std::size_t offset = 0);

/// Appends one frame. A client's mask comes from OpenSSL's generator, for a peer must not foresee it.
void append_frame(std::string& out, websocket_role role, websocket_opcode opcode, std::string_view payload,
                  bool final = true);

/// Appends a close frame; `code` `none_given` makes an empty one. A reason that is too long is cut at a whole
/// character.
void append_close_frame(std::string& out, websocket_role role, std::uint16_t code, std::string_view reason = {});

/// A frame whose payload is written straight into the output buffer: `begin_frame`, append to `out`, `end_frame` with
/// what the first returned. The room left for the head fits payloads of 126 to 65,535 bytes; smaller ones move by two
/// bytes, larger ones by six. Neither call allocates but to make `out` grow.
std::size_t begin_frame(std::string& out, websocket_role role);
void end_frame(std::string& out, std::size_t start, websocket_role role, websocket_opcode opcode, bool final = true);

}  // namespace sluice::http
