#include "base/utf8.hpp"

#include <algorithm>
#include <cstring>

namespace sluice {
namespace {

// States of the recogniser; each is "what must come next". Written as a switch, for it compiles to a jump table and can
// be read beside the table in RFC 3629, section 4.
enum state : std::uint8_t { accept, tail1, tail2, tail3, after_e0, after_ed, after_f0, after_f4, reject };

state next(state now, unsigned char byte) {
  const auto tail = [byte](unsigned char low, unsigned char high, state then) {
    return byte >= low && byte <= high ? then : reject;
  };
  switch (now) {
    case accept:
      if (byte < 0x80) return accept;
      if (byte < 0xC2) return reject;
      if (byte < 0xE0) return tail1;
      if (byte == 0xE0) return after_e0;
      if (byte == 0xED) return after_ed;
      if (byte < 0xF0) return tail2;
      if (byte == 0xF0) return after_f0;
      if (byte < 0xF4) return tail3;
      return byte == 0xF4 ? after_f4 : reject;
    case tail1:
      return tail(0x80, 0xBF, accept);
    case tail2:
      return tail(0x80, 0xBF, tail1);
    case tail3:
      return tail(0x80, 0xBF, tail2);
    case after_e0:
      return tail(0xA0, 0xBF, tail1);
    case after_ed:
      return tail(0x80, 0x9F, tail1);
    case after_f0:
      return tail(0x90, 0xBF, tail2);
    case after_f4:
      return tail(0x80, 0x8F, tail2);
    case reject:
      return reject;
  }
  return reject;
}

}  // namespace

bool utf8_validator::feed(std::string_view bytes) {
  auto now = static_cast<state>(state_);
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end) {
    if (now == state::accept) {
      // Eight ASCII bytes at a time: nearly all of what passes here.
      std::uint64_t word = 0;
      while (end - at >= 8 && (std::memcpy(&word, at, 8), (word & 0x8080808080808080ULL) == 0))
        at += 8;
      if (at == end) break;
    }
    now = next(now, static_cast<unsigned char>(*at++));
    if (now == state::reject) break;
  }
  state_ = now;
  return now != state::reject;
}

bool is_valid_utf8(std::string_view text) {
  utf8_validator validator;
  return validator.feed(text) && validator.complete();
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::size_t whole_characters(std::string_view text) {
  // A character has at most four bytes, so its lead byte is among the last four.
  for (std::size_t back = 1; back <= std::min<std::size_t>(4, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t needed = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return needed > back ? text.size() - back : text.size();
  }
  return text.size();
}

std::string_view clip(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  text = text.substr(0, bytes_max);
  return text.substr(0, whole_characters(text));
}

bool begins_with_direction_control(std::string_view text) {
  if (text.size() < 3 || text[0] != '\xE2') return false;
  const auto last = static_cast<unsigned char>(text[2]);
  return (text[1] == '\x80' && last >= 0xAA && last <= 0xAE) || (text[1] == '\x81' && last >= 0xA6 && last <= 0xA9);
}

}  // namespace sluice
