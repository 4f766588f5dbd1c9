#include "bench/loadgen/websocket_frames.hpp"

#include <array>

#include <fmt/format.h>

namespace sluice::bench {

namespace {

// The example of RFC 6455, section 1.3: any nonce will do, and this one's answer is known.
constexpr std::string_view nonce = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view nonce_answer = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

void append_big_endian(std::string& to, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i)
    to += static_cast<char>(value >> (8 * i));
}

}  // namespace

void append_frame(std::string& to, frame_kind kind, std::string_view payload, std::uint32_t mask) {
  to += static_cast<char>(0x80U | static_cast<unsigned>(kind));
  if (payload.size() < 126) {
    to += static_cast<char>(0x80U | payload.size());
  } else if (payload.size() < 65536) {
    to += static_cast<char>(0x80U | 126U);
    append_big_endian(to, payload.size(), 2);
  } else {
    to += static_cast<char>(0x80U | 127U);
    append_big_endian(to, payload.size(), 8);
  }
  append_big_endian(to, mask, 4);
  const std::array<char, 4> key{static_cast<char>(mask >> 24U), static_cast<char>(mask >> 16U),
                                static_cast<char>(mask >> 8U), static_cast<char>(mask)};
  const std::size_t begin = to.size();
  to.append(payload);
  for (std::size_t i = 0; i < payload.size(); ++i)
    to[begin + i] = static_cast<char>(to[begin + i] ^ key[i % 4]);
}

frame_read take_frame(std::string_view& input, frame& to) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint64_t>(static_cast<unsigned char>(input[at])); };
  if (input.size() < 2) return frame_read::incomplete;
  // No extension is offered, and a server must not mask.
  if ((byte(0) & 0x70U) != 0 || (byte(1) & 0x80U) != 0) return frame_read::broken;
  std::size_t head = 2;
  std::uint64_t size = byte(1);
  if (size >= 126) {
    head = size == 126 ? 4 : 10;
    if (input.size() < head) return frame_read::incomplete;
    size = 0;
    for (std::size_t i = 2; i < head; ++i)
      size = size << 8U | byte(i);
  }
  if (input.size() - head < size) return frame_read::incomplete;
  to.kind = static_cast<frame_kind>(byte(0) & 0x0FU);
  to.last = (byte(0) & 0x80U) != 0;
  to.payload = input.substr(head, size);
  input.remove_prefix(head + size);
  return frame_read::frame;
}

std::string upgrade_request(std::string_view host, std::string_view path, std::string_view key,
                            std::string_view protocol) {
  std::string request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n",
      path, host, nonce);
  if (!key.empty()) request += fmt::format("Authorization: Bearer {}\r\n", key);
  if (!protocol.empty()) request += fmt::format("Sec-WebSocket-Protocol: {}\r\n", protocol);
  return request + "\r\n";
}

bool accepts_upgrade(std::string_view head) {
  return head.starts_with("HTTP/1.1 101") && head.find(nonce_answer) != std::string_view::npos;
}

}  // namespace sluice::bench
