#include "base/digest.hpp"

#include <stdexcept>

#include <openssl/evp.h>

namespace sluice {

digest sha256(std::string_view bytes) {
  digest made;
  // Fetched once: EVP_sha256() would look it up in the providers at every use. Lives as long as the process.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (EVP_Digest(bytes.data(), bytes.size(), made.data(), nullptr, algorithm, nullptr) != 1) {
    throw std::runtime_error("OpenSSL cannot compute SHA-256");
  }
  return made;
}

std::string to_hex(const digest& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const unsigned char byte : bytes) {
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15]);
  }
  return text;
}

}  // namespace sluice
