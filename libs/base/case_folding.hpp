// Text without the difference between capital and small letters, for comparing.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

/// Unicode's full case folding (Unicode 15, section 3.13: "STRASSE" and "straße" fold to the same) of valid UTF-8.
/// Takes time in proportion to the text.
std::string fold_case(std::string_view text);

}  // namespace sluice
