#include "http/websocket_frame.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <stdexcept>

#include <openssl/rand.h>

#include "base/utf8.hpp"

namespace sluice::http {
namespace {

constexpr std::size_t head_bytes_max = 14;
constexpr std::size_t mask_bytes = sizeof(websocket_mask);
/// The room that begin_frame leaves: a head with a 16-bit length.
constexpr std::size_t usual_head_bytes = 4;

/// 32 bits that a peer cannot foresee (section 10.3). Drawn in batches, for a client needs one a frame.
websocket_mask make_mask() {
  thread_local std::array<websocket_mask, 64> drawn;
  thread_local std::size_t used = drawn.size();
  if (used == drawn.size()) {
    if (RAND_bytes(reinterpret_cast<unsigned char*>(drawn.data()), sizeof(drawn)) != 1)
      throw std::runtime_error("OpenSSL has no random bytes");
    used = 0;
  }
  return drawn[used++];
}

char* put_big_endian(char* at, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    *at++ = static_cast<char>(value >> shift);
  return at;
}

/// A frame's head, with the shortest length that fits (section 5.2). A mask of a client is its last part.
struct head {
  std::array<char, head_bytes_max> bytes;
  std::size_t size;
  websocket_mask mask;

  head(websocket_role role, websocket_opcode opcode, std::size_t payload_bytes, bool final) {
    char* at = bytes.data();
    *at++ = static_cast<char>((final ? 0x80U : 0U) | static_cast<unsigned>(opcode));
    const unsigned masked = role == websocket_role::client ? 0x80U : 0U;
    if (payload_bytes < 126) {
      *at++ = static_cast<char>(masked | payload_bytes);
    } else if (payload_bytes <= 0xFFFF) {
      *at++ = static_cast<char>(masked | 126U);
      at = put_big_endian(at, payload_bytes, 2);
    } else {
      *at++ = static_cast<char>(masked | 127U);
      at = put_big_endian(at, payload_bytes, 8);
    }
    if (masked != 0) {
      mask = make_mask();
      at = std::ranges::copy(mask, at).out;
    }
    size = static_cast<std::size_t>(at - bytes.data());
  }
};

}  // namespace

bool may_be_sent(std::uint16_t code) {
  if (code >= 3000) return code <= 4999;
  // 1004 is reserved; 1005, 1006 and 1015 stand for closes without a code; 1012 to 1014 were registered later.
  return code >= 1000 && code <= 1014 && code != 1004 && code != close_code::none_given && code != close_code::abnormal;
}

void apply_mask(std::span<char> bytes, websocket_mask mask, std::size_t offset) {
  std::ranges::rotate(mask, mask.begin() + static_cast<std::ptrdiff_t>(offset % mask_bytes));
  std::array<char, 8> twice{};
  std::memcpy(twice.data(), mask.data(), mask_bytes);
  std::memcpy(twice.data() + mask_bytes, mask.data(), mask_bytes);
  std::uint64_t wide = 0;
  std::memcpy(&wide, twice.data(), sizeof(wide));

  char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= sizeof(wide); left -= sizeof(wide), at += sizeof(wide)) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    word ^= wide;
    std::memcpy(at, &word, sizeof(word));
  }
  for (std::size_t i = 0; i < left; ++i)
    at[i] = static_cast<char>(at[i] ^ twice[i]);
}

void append_frame(std::string& out, websocket_role role, websocket_opcode opcode, std::string_view payload,
                  bool final) {
  assert(!is_control(opcode) || (final && payload.size() <= control_payload_bytes_max));
  const head head(role, opcode, payload.size(), final);
  out.append(head.bytes.data(), head.size);
  out.append(payload);
  if (role == websocket_role::client)
    apply_mask(std::span(out.data() + out.size() - payload.size(), payload.size()), head.mask);
}

void append_close_frame(std::string& out, websocket_role role, std::uint16_t code, std::string_view reason) {
  std::array<char, control_payload_bytes_max> payload;
  if (code == close_code::none_given) return append_frame(out, role, websocket_opcode::close, {});
  assert(may_be_sent(code));
  char* end = put_big_endian(payload.data(), code, 2);
  reason = reason.substr(0, payload.size() - 2);
  end = std::ranges::copy(reason.substr(0, whole_characters(reason)), end).out;
  append_frame(out, role, websocket_opcode::close, std::string_view(payload.data(), end));
}

std::size_t begin_frame(std::string& out, websocket_role role) {
  const std::size_t start = out.size();
  out.append(usual_head_bytes + (role == websocket_role::client ? mask_bytes : 0), '\0');
  return start;
}

void end_frame(std::string& out, std::size_t start, websocket_role role, websocket_opcode opcode, bool final) {
  const std::size_t room = usual_head_bytes + (role == websocket_role::client ? mask_bytes : 0);
  const std::size_t payload_bytes = out.size() - start - room;
  const head head(role, opcode, payload_bytes, final);
  if (head.size < room) {
    std::memmove(out.data() + start + head.size, out.data() + start + room, payload_bytes);
    out.resize(start + head.size + payload_bytes);
  } else if (head.size > room) {
    out.insert(start, head.size - room, '\0');
  }
  std::memcpy(out.data() + start, head.bytes.data(), head.size);
  if (role == websocket_role::client) apply_mask(std::span(out.data() + start + head.size, payload_bytes), head.mask);
}

}  // namespace sluice::http
