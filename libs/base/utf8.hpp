// UTF-8 as it comes over a wire: whole, broken, or cut in the middle of a character (RFC 3629).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

/// Checks UTF-8 in pieces: a character may be cut between two calls. RFC 3629: no overlong forms, no surrogates,
/// nothing above U+10FFFF.
class utf8_validator {
 public:
  /// False from the first byte on that no valid text can contain at this place; it stays false.
  bool feed(std::string_view bytes);
  /// Whether the text may end here: valid so far and not inside a character.
  bool complete() const { return state_ == accept; }
  void reset() { state_ = accept; }

 private:
  static constexpr std::uint8_t accept = 0;
  std::uint8_t state_ = accept;
};

/// Whether `text` is whole, valid UTF-8.
bool is_valid_utf8(std::string_view text);

/// The number of code points in valid UTF-8.
std::size_t count_code_points(std::string_view text);

/// The length in bytes of the longest prefix of valid UTF-8 that does not end inside a character.
std::size_t whole_characters(std::string_view text);

/// At most `bytes_max` bytes of valid UTF-8, cut between characters: for repeating a stranger's words.
std::string_view clip(std::string_view text, std::size_t bytes_max);

/// Whether `text` begins with a character that reorders what stands around it (U+202A to U+202E, U+2066 to U+2069), by
/// which a line can be made to look like another one. Such a character has three bytes.
bool begins_with_direction_control(std::string_view text);

}  // namespace sluice
