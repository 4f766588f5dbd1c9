#include "base/json_text.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace sluice {
namespace {

bool needs_escape(unsigned char c) {
  return c < 0x20 || c == '"' || c == '\\';
}

// Whether any of eight bytes needs an escape: "has a byte less than n" and "has a byte equal to n" from Sean Anderson's
// Bit Twiddling Hacks. May say yes for a byte above 0x7F in rare cases, which the slow path then sorts out.
bool any_needs_escape(std::uint64_t word) {
  constexpr std::uint64_t ones = 0x0101010101010101ULL;
  constexpr std::uint64_t high = 0x8080808080808080ULL;
  const auto has_zero = [](std::uint64_t x) { return (x - ones) & ~x & high; };
  const std::uint64_t below_space = (word - ones * 0x20) & ~word & high;
  return (below_space | has_zero(word ^ (ones * '"')) | has_zero(word ^ (ones * '\\'))) != 0;
}

void append_escape(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out.append("\\\"");
      return;
    case '\\':
      out.append("\\\\");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    default: {
      constexpr std::string_view hex = "0123456789abcdef";
      const std::array<char, 6> escape{'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
      out.append(escape.data(), escape.size());
    }
  }
}

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const char* clean = at;
  while (at != end) {
    std::uint64_t word = 0;
    while (end - at >= 8 && (std::memcpy(&word, at, 8), !any_needs_escape(word)))
      at += 8;
    const char* const stop = end - at >= 8 ? at + 8 : end;
    for (; at != stop; ++at) {
      if (!needs_escape(static_cast<unsigned char>(*at))) continue;
      out.append(clean, static_cast<std::size_t>(at - clean));
      append_escape(out, static_cast<unsigned char>(*at));
      clean = at + 1;
    }
  }
  out.append(clean, static_cast<std::size_t>(at - clean));
}

}  // namespace sluice
