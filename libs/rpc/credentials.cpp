#include "rpc/credentials.hpp"

#include <array>
#include <fstream>
#include <iterator>
#include <memory>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace sluice::rpc {
namespace {

constexpr std::string_view proof_purpose = "sluice rpc v1";
constexpr std::size_t pem_bytes_max = 1 << 20;

struct openssl_deleter {
  void operator()(BIO* one) const { BIO_free(one); }
  void operator()(X509* one) const { X509_free(one); }
  void operator()(EVP_PKEY* one) const { EVP_PKEY_free(one); }
};
template <class T>
using openssl_ptr = std::unique_ptr<T, openssl_deleter>;

result<std::string> read_file(const std::string& path, const std::string& as) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return failure(error_reason::invalid_argument, "cannot read " + path, as);
  // As much as is looked at, however much there is; a folder can be opened, but not read.
  std::string text(pem_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad() || text.empty() || text.size() > pem_bytes_max)
    return failure(error_reason::invalid_argument, path + " is not a PEM file", as);
  return text;
}

openssl_ptr<X509> parse_certificate(const std::string& pem) {
  const openssl_ptr<BIO> from(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return openssl_ptr<X509>(PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr));
}

openssl_ptr<EVP_PKEY> parse_key(const std::string& pem) {
  const openssl_ptr<BIO> from(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // A key under a passphrase is refused rather than asked for on the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  return openssl_ptr<EVP_PKEY>(PEM_read_bio_PrivateKey(from.get(), nullptr, no_passphrase, nullptr));
}

}  // namespace

result<tls_contents> read_tls_files(const tls_files& files) {
  tls_contents read;
  if (files.certificate.empty() != files.key.empty())
    return failure(error_reason::invalid_argument, "TLS needs both a certificate and its key, or neither",
                   "certificate");
  if (!files.ca.empty()) {
    auto ca = read_file(files.ca, "ca");
    if (!ca) return std::unexpected(std::move(ca.error()));
    if (!parse_certificate(*ca)) return failure(error_reason::invalid_argument, files.ca + " has no certificate", "ca");
    read.ca = std::move(*ca);
  }
  if (files.certificate.empty()) return read;
  auto chain = read_file(files.certificate, "certificate");
  if (!chain) return std::unexpected(std::move(chain.error()));
  auto key = read_file(files.key, "key");
  if (!key) return std::unexpected(std::move(key.error()));
  const auto leaf = parse_certificate(*chain);
  if (!leaf) return failure(error_reason::invalid_argument, files.certificate + " has no certificate", "certificate");
  const auto secret = parse_key(*key);
  if (!secret)
    return failure(error_reason::invalid_argument, files.key + " has no private key without a passphrase", "key");
  if (X509_check_private_key(leaf.get(), secret.get()) != 1)
    return failure(error_reason::invalid_argument, files.key + " is not the key of " + files.certificate, "key");
  read.certificate = std::move(*chain);
  read.key = secret_string(std::move(*key));
  return read;
}

std::string make_secret_proof(const secret_string& secret) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> code;
  unsigned int length = 0;
  const std::string_view key = secret.reveal();
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(proof_purpose.data()), proof_purpose.size(), code.data(), &length);
  std::string text;
  for (unsigned int i = 0; i < length; ++i)
    fmt::format_to(std::back_inserter(text), "{:02x}", code[i]);
  return text;
}

bool equal_proofs(std::string_view given, std::string_view expected) {
  return given.size() == expected.size() && CRYPTO_memcmp(given.data(), expected.data(), given.size()) == 0;
}

}  // namespace sluice::rpc
