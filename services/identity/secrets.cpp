#include "identity/secrets.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/digest.hpp"
#include "identity/base64url.hpp"

namespace sluice::identity {
namespace {

constexpr std::string_view base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t api_key_digits = 43;  // 62^43 > 2^256
constexpr std::size_t checksum_digits = 6;  // 62^6 > 2^32
constexpr std::size_t refresh_token_digits = 43;
constexpr std::size_t visible_digits = 6;

void fill_random(unsigned char* out, std::size_t count) {
  if (RAND_priv_bytes(out, static_cast<int>(count)) != 1) {
    throw std::runtime_error("the system's random generator failed");
  }
}

// `count` characters of `alphabet`, each as likely as any other: bytes past a whole multiple are drawn again.
std::string draw(std::string_view alphabet, std::size_t count) {
  const std::size_t bound = 256 - 256 % alphabet.size();
  std::string drawn;
  while (drawn.size() < count) {
    std::array<unsigned char, 64> bytes;
    fill_random(bytes.data(), bytes.size());
    for (const unsigned char byte : bytes) {
      if (byte < bound && drawn.size() < count) drawn.push_back(alphabet[byte % alphabet.size()]);
    }
  }
  return drawn;
}

// CRC-32 of IEEE 802.3, as zlib has it.
std::uint32_t crc32(std::string_view text) {
  std::uint32_t rest = ~0U;
  for (const char c : text) {
    rest ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit)
      rest = rest >> 1 ^ (0xEDB88320U & (0U - (rest & 1)));
  }
  return ~rest;
}

std::string checksum(std::string_view text) {
  std::uint32_t rest = crc32(text);
  std::string digits(checksum_digits, base62.front());
  for (std::size_t i = checksum_digits; i-- > 0; rest /= 62)
    digits[i] = base62[rest % 62];
  return digits;
}

}  // namespace

std::string make_random(std::size_t bytes) {
  std::string raw(bytes, '\0');
  fill_random(reinterpret_cast<unsigned char*>(raw.data()), bytes);
  return encode_base64url(raw);
}

secret_string make_api_key() {
  std::string key = std::string(api_key_prefix) + draw(base62, api_key_digits);
  key += checksum(key);
  return secret_string(std::move(key));
}

bool is_api_key(std::string_view text) {
  constexpr std::size_t length = api_key_prefix.size() + api_key_digits + checksum_digits;
  if (text.size() != length || !text.starts_with(api_key_prefix)) return false;
  const auto body = text.substr(0, length - checksum_digits);
  return text.substr(api_key_prefix.size()).find_first_not_of(base62) == std::string_view::npos &&
         checksum(body) == text.substr(body.size());
}

std::string visible_prefix(const secret_string& api_key) {
  return std::string(api_key.reveal().substr(0, api_key_prefix.size() + visible_digits));
}

secret_string make_refresh_token() {
  return secret_string(std::string(refresh_token_prefix) + make_random(32));
}

bool is_refresh_token(std::string_view text) {
  return text.size() == refresh_token_prefix.size() + refresh_token_digits && text.starts_with(refresh_token_prefix) &&
         decode_base64url(text.substr(refresh_token_prefix.size())).has_value();
}

secret_string next_refresh_token(const secret_string& token, const secret_string& session_secret) {
  digest code;
  const std::string_view secret = session_secret.reveal();
  const std::string_view text = token.reveal();
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), code.data(), nullptr) == nullptr) {
    throw std::runtime_error("OpenSSL cannot compute HMAC-SHA-256");
  }
  return secret_string(std::string(refresh_token_prefix) +
                       encode_base64url({reinterpret_cast<const char*>(code.data()), code.size()}));
}

secret_string make_password() {
  return secret_string(draw("23456789abcdefghijkmnpqrstuvwxyz", 24));
}

}  // namespace sluice::identity
