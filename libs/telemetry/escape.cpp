#include "telemetry/escape.hpp"

#include <cstdint>
#include <iterator>

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace sluice::telemetry {
namespace {

// The length of the valid character at the front, or 0.
std::size_t character_bytes(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return bytes <= text.size() && is_valid_utf8(text.substr(0, bytes)) ? bytes : 0;
}

std::uint32_t decode(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return lead;
  std::uint32_t point = lead & (0x7FU >> character.size());
  for (const char c : character.substr(1))
    point = point << 6 | (static_cast<unsigned char>(c) & 0x3FU);
  return point;
}

bool is_hidden(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || (point >= 0x200B && point <= 0x200F) ||
         (point >= 0x2028 && point <= 0x202E) || (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF;
}

void append_hidden(std::string& out, std::uint32_t point, escape_for place) {
  switch (point) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const bool two_digits = place == escape_for::terminal && point < 0x100;
  fmt::format_to(std::back_inserter(out), fmt::runtime(two_digits ? "\\x{:02x}" : "\\u{:04x}"), point);
}

}  // namespace

void append_escaped(std::string& out, std::string_view text, escape_for place, std::size_t bytes_max) {
  const std::size_t start = out.size();
  while (!text.empty()) {
    if (out.size() - start >= bytes_max) {
      out += "…";
      return;
    }
    const std::size_t bytes = character_bytes(text);
    if (bytes == 0) {
      // JSON has no way to say a byte: the replacement character stands for it.
      if (place == escape_for::json) {
        out += "\\ufffd";
      } else {
        append_hidden(out, static_cast<unsigned char>(text.front()), place);
      }
      text.remove_prefix(1);
      continue;
    }
    const std::string_view character = text.substr(0, bytes);
    const std::uint32_t point = decode(character);
    if (point == '"' || point == '\\') {
      out += '\\';
      out += character;
    } else if (is_hidden(point)) {
      append_hidden(out, point, place);
    } else {
      out += character;
    }
    text.remove_prefix(bytes);
  }
}

}  // namespace sluice::telemetry
