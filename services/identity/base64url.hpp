// Base64 for URLs and tokens: RFC 4648, section 5, without padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::identity {

std::string encode_base64url(std::string_view bytes);

/// Strict: nothing for padding, white space, characters of other alphabets, impossible lengths, and for texts whose
/// unused last bits are not zero, so that no two texts mean the same bytes.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace sluice::identity
