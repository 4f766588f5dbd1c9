// Writing JSON straight into an output buffer, for what is sent once per token. Documents are Boost.JSON's business.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace sluice {

/// Appends `text` as the inside of a JSON string (RFC 8259, section 7): quotes, backslashes and control characters are
/// escaped, everything else passes as it is. May be called for consecutive pieces of one text, cut anywhere.
void append_json_escaped(std::string& out, std::string_view text);

/// The same with the quotes around it.
inline void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  append_json_escaped(out, text);
  out.push_back('"');
}

template <std::integral T>
void append_number(std::string& out, T value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

}  // namespace sluice
