#include "identity/base64url.hpp"

#include <array>
#include <cstdint>

namespace sluice::identity {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t no_digit = 255;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values;
  values.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr auto value_of = make_values();

}  // namespace

std::string encode_base64url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t held = 0;
  unsigned held_bits = 0;
  for (const char c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    for (held_bits += 8; held_bits >= 6; held_bits -= 6)
      text.push_back(alphabet[held >> (held_bits - 6) & 63]);
  }
  if (held_bits > 0) text.push_back(alphabet[held << (6 - held_bits) & 63]);
  return text;
}

std::optional<std::string> decode_base64url(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t held = 0;
  unsigned held_bits = 0;
  for (const char c : text) {
    const std::uint8_t value = value_of[static_cast<unsigned char>(c)];
    if (value == no_digit) return std::nullopt;
    held = held << 6 | value;
    held_bits += 6;
    if (held_bits < 8) continue;
    held_bits -= 8;
    bytes.push_back(static_cast<char>(held >> held_bits));
  }
  if ((held & ((1U << held_bits) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace sluice::identity
