// What the tests of the codec share: frames good and bad, events as text, and an echo without sockets.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "http/websocket_codec.hpp"

namespace sluice::http::testing {

/// What a frame's first byte may say beside its opcode.
inline constexpr unsigned reserved_1 = 0x40, reserved_2 = 0x20, reserved_3 = 0x10;

/// A frame of a client, with any opcode and any bits.
inline std::string client_frame(unsigned opcode, std::string_view payload, bool final = true, unsigned reserved = 0) {
  std::string frame;
  append_frame(frame, websocket_role::client, websocket_opcode::binary, payload);
  frame[0] = static_cast<char>((final ? 0x80U : 0U) | reserved | opcode);
  return frame;
}

inline std::string client_frame(websocket_opcode opcode, std::string_view payload, bool final = true) {
  return client_frame(static_cast<unsigned>(opcode), payload, final);
}

inline std::string client_close(std::uint16_t code, std::string_view reason = {}) {
  const char bytes[] = {static_cast<char>(code >> 8), static_cast<char>(code)};
  return client_frame(websocket_opcode::close, std::string(bytes, 2).append(reason));
}

/// "text Hello", "binary …", "ping …", "pong …", "close 1000 bye", "violation 1002".
inline std::string to_text(const websocket_event& event) {
  using enum websocket_event::kind;
  switch (event.what) {
    case message:
      return fmt::format("{} {}", event.binary ? "binary" : "text", event.payload);
    case ping:
      return fmt::format("ping {}", event.payload);
    case pong:
      return fmt::format("pong {}", event.payload);
    case close:
      return fmt::format("close {} {}", event.code, event.payload);
    case violation:
      return fmt::format("violation {}", event.code);
  }
  return {};
}

using transcript = std::vector<std::string>;

/// Bytes as they may arrive: cut into reads.
using reads = std::vector<std::string_view>;

inline reads in_reads_of(std::size_t size, std::string_view bytes) {
  reads cut;
  for (std::size_t at = 0; at < bytes.size(); at += size)
    cut.push_back(bytes.substr(at, size));
  return cut;
}

/// `bytes` whole, cut once at every byte, and in reads of every size up to 16.
inline std::vector<reads> every_cut(std::string_view bytes) {
  std::vector<reads> cuts{{bytes}};
  for (std::size_t at = 1; at < bytes.size(); ++at)
    cuts.push_back({bytes.substr(0, at), bytes.substr(at)});
  for (std::size_t size = 1; size <= 16; ++size)
    cuts.push_back(in_reads_of(size, bytes));
  return cuts;
}

/// All events of what is read. Each read lies in memory of its own, so that a sanitizer sees a look behind it.
inline transcript decode(websocket_decoder& decoder, const reads& bytes) {
  transcript seen;
  for (const auto read : bytes) {
    std::vector<char> buffer(read.begin(), read.end());
    decoder.feed(buffer);
    while (const auto event = decoder.next())
      seen.push_back(to_text(*event));
  }
  return seen;
}

inline constexpr std::size_t large_message = 1 << 24;

inline transcript decode(const reads& bytes, websocket_role role = websocket_role::server,
                         std::size_t message_bytes_max = large_message) {
  websocket_decoder decoder(role, message_bytes_max);
  return decode(decoder, bytes);
}

/// What a client reads from a server that echoes messages, in answer to `bytes`.
inline transcript echo(const reads& bytes) {
  websocket_decoder decoder(websocket_role::server, large_message);
  websocket_close_handshake closing(websocket_role::server);
  std::string out;
  for (const auto read : bytes) {
    std::vector<char> buffer(read.begin(), read.end());
    decoder.feed(buffer);
    while (const auto event = decoder.next()) {
      closing.answer(out, *event);
      if (event->what == websocket_event::kind::message)
        append_frame(out, websocket_role::server, event->binary ? websocket_opcode::binary : websocket_opcode::text,
                     event->payload);
    }
  }
  return decode({out}, websocket_role::client);
}

}  // namespace sluice::http::testing
