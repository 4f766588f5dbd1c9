#include "base/base64.hpp"

#include <openssl/evp.h>

namespace sluice {

std::string encode_base64(std::string_view bytes) {
  std::string text(((bytes.size() + 2) / 3 * 4) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.empty()) return std::string();
  const std::size_t end = text.find_first_not_of(letters);
  const std::size_t padding = end == std::string_view::npos ? 0 : text.size() - end;
  const bool is_padding = padding == 0 || text.substr(end) == "=" || text.substr(end) == "==";
  if (text.size() % 4 != 0 || !is_padding) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  // It counts the padding as bytes.
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  bytes.resize(bytes.size() - padding);
  return bytes;
}

}  // namespace sluice
