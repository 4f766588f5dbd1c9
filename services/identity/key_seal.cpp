#include "identity/key_seal.hpp"

#include <array>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "identity/base64url.hpp"

namespace sluice::identity {
namespace {

constexpr std::string_view purpose = "sluice signing keys v1";
constexpr std::string_view mark = "sealed1.";  // no base64url has a dot
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;

struct context_deleter {
  void operator()(EVP_CIPHER_CTX* one) const { EVP_CIPHER_CTX_free(one); }
};
using cipher_context = std::unique_ptr<EVP_CIPHER_CTX, context_deleter>;

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

[[noreturn]] void fail() {
  throw std::runtime_error("OpenSSL cannot seal a signing key");
}

// Nonce, ciphertext and tag.
std::string encrypt(std::string_view key, std::string_view id, std::string_view plain) {
  std::string sealed(nonce_bytes + plain.size() + tag_bytes, '\0');
  if (RAND_bytes(bytes_of(sealed), nonce_bytes) != 1) fail();
  const cipher_context context(EVP_CIPHER_CTX_new());
  unsigned char* const body = bytes_of(sealed) + nonce_bytes;
  int length = 0;
  if (!context || EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(sealed)) != 1 ||
      EVP_EncryptUpdate(context.get(), nullptr, &length, bytes_of(id), static_cast<int>(id.size())) != 1 ||
      EVP_EncryptUpdate(context.get(), body, &length, bytes_of(plain), static_cast<int>(plain.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), body + length, &length) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, body + plain.size()) != 1) {
    fail();
  }
  return sealed;
}

std::optional<std::string> decrypt(std::string_view key, std::string_view id, std::string sealed) {
  if (sealed.size() < nonce_bytes + tag_bytes) return std::nullopt;
  const std::size_t plain_bytes = sealed.size() - nonce_bytes - tag_bytes;
  std::string plain(plain_bytes, '\0');
  unsigned char* const body = bytes_of(sealed) + nonce_bytes;
  const cipher_context context(EVP_CIPHER_CTX_new());
  int length = 0;
  if (!context || EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(sealed)) != 1 ||
      EVP_DecryptUpdate(context.get(), nullptr, &length, bytes_of(id), static_cast<int>(id.size())) != 1 ||
      EVP_DecryptUpdate(context.get(), bytes_of(plain), &length, body, static_cast<int>(plain_bytes)) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, body + plain_bytes) != 1 ||
      EVP_DecryptFinal_ex(context.get(), bytes_of(plain) + length, &length) != 1) {
    return std::nullopt;
  }
  return plain;
}

}  // namespace

key_seal::key_seal(const secret_string& secret) {
  if (secret.empty()) return;
  std::array<unsigned char, EVP_MAX_MD_SIZE> code;
  unsigned int length = 0;
  HMAC(EVP_sha256(), secret.reveal().data(), static_cast<int>(secret.reveal().size()), bytes_of(purpose),
       purpose.size(), code.data(), &length);
  key_ = secret_string(std::string(reinterpret_cast<const char*>(code.data()), length));
}

stored_signing_key key_seal::seal(stored_signing_key made) const {
  if (key_.empty()) return made;
  made.private_key =
      secret_string(std::string(mark) + encode_base64url(encrypt(key_.reveal(), made.id, made.private_key.reveal())));
  return made;
}

bool key_seal::should_seal(const stored_signing_key& stored) const {
  return !key_.empty() && !stored.private_key.reveal().starts_with(mark);
}

result<stored_signing_key> key_seal::open(stored_signing_key stored) const {
  const std::string_view kept = stored.private_key.reveal();
  if (!kept.starts_with(mark)) return stored;
  if (key_.empty()) {
    return failure(error_reason::unavailable, "the signing keys in the database are sealed: set services.secret");
  }
  auto sealed = decode_base64url(kept.substr(mark.size()));
  auto plain = sealed ? decrypt(key_.reveal(), stored.id, std::move(*sealed)) : std::nullopt;
  if (!plain) {
    return failure(error_reason::unavailable,
                   "the signing keys in the database are sealed with another services.secret than ours");
  }
  stored.private_key = secret_string(std::move(*plain));
  return stored;
}

}  // namespace sluice::identity
