// UTF-8 read in pieces says the same as UTF-8 read at once, and what is called whole characters is.
#include "base/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sluice::fuzz::require;
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0] % 7;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

  sluice::utf8_validator in_pieces;
  bool possible = true;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const bool still = in_pieces.feed(text.substr(at, piece));
    require(possible || !still, "what was refused stays refused");
    possible = still;
  }
  require((possible && in_pieces.complete()) == sluice::is_valid_utf8(text), "pieces and whole agree");

  if (!sluice::is_valid_utf8(text)) return 0;
  require(sluice::whole_characters(text) == text.size(), "valid text is whole");
  require(sluice::count_code_points(text) <= text.size(), "a code point has a byte at least");
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto whole = sluice::whole_characters(text.substr(0, cut));
    require(whole <= cut && cut - whole < 4, "a cut loses less than one character");
    require(sluice::is_valid_utf8(text.substr(0, whole)), "whole characters are valid");
  }
  return 0;
}
