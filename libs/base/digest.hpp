// SHA-256: what is kept of secrets, and what long names are looked up by.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace sluice {

using digest = std::array<unsigned char, 32>;

digest sha256(std::string_view bytes);

/// 64 lower-case hexadecimal digits.
std::string to_hex(const digest& bytes);

inline std::string sha256_hex(std::string_view bytes) {
  return to_hex(sha256(bytes));
}

}  // namespace sluice
