// RFC 4648, section 4, by OpenSSL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

std::string encode_base64(std::string_view bytes);
/// Nothing for what is not base64, padding included.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace sluice
