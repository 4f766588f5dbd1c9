// The secrets that identity gives out, and what it keeps of them: hashes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/secret_string.hpp"

namespace sluice::identity {

/// `bytes` bytes of the cryptographic generator, in base64url.
std::string make_random(std::size_t bytes);

/// What begins every API key and every refresh token.
inline constexpr std::string_view api_key_prefix = "sk-slc-";
inline constexpr std::string_view refresh_token_prefix = "rt_";

/// `sk-slc-`, 256 random bits in base 62 (43 characters), and their CRC-32 in base 62 (6 characters), by which a
/// mistyped key, and any that a scanner of repositories finds, can be told without asking anybody.
secret_string make_api_key();
/// Whether it has that form and the checksum is right.
bool is_api_key(std::string_view text);
/// The visible beginning that is kept, to tell keys apart by.
std::string visible_prefix(const secret_string& api_key);

/// `rt_` and 256 random bits in base64url.
secret_string make_refresh_token();
bool is_refresh_token(std::string_view text);
/// The token that follows `token` in its session: HMAC-SHA-256 of it under the session's own secret. Whoever holds a
/// token cannot make the next one, nor can whoever reads the database; the server can make it again from both.
secret_string next_refresh_token(const secret_string& token, const secret_string& session_secret);

/// A password that nobody chose: 24 characters that are not mistaken for one another, 120 bits.
secret_string make_password();

}  // namespace sluice::identity
