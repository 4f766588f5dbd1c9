#include "base/case_folding.hpp"

#include <algorithm>
#include <stdexcept>

#include <unicode/bytestream.h>
#include <unicode/casemap.h>

namespace sluice {

std::string fold_case(std::string_view text) {
  std::string folded;
  const bool is_ascii = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (is_ascii) {
    folded.resize(text.size());
    std::ranges::transform(text, folded.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return folded;
  }
  folded.reserve(text.size());
  icu::StringByteSink<std::string> into(&folded);
  UErrorCode code = U_ZERO_ERROR;
  icu::CaseMap::utf8Fold(0, icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())), into, nullptr, code);
  if (U_FAILURE(code)) throw std::runtime_error(std::string("ICU cannot fold a text: ") + u_errorName(code));
  return folded;
}

}  // namespace sluice
