// For tests of TLS: a certificate made on the spot, in files that go with it.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace sluice::http::testing {

/// Signed by itself: a client that takes its file as authority trusts it, all others do not.
class test_certificate {
 public:
  /// `names` as OpenSSL writes subjectAltName, e.g. "DNS:provider.test,IP:127.0.0.1".
  explicit test_certificate(const std::string& names) {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    folder_ = pattern;
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> one(X509_new(), &X509_free);
    X509_set_version(one.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(one.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(one.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(one.get()), 3600);
    X509_set_pubkey(one.get(), key.get());
    X509_NAME* const subject = X509_get_subject_name(one.get());
    const unsigned char common_name[] = "test";
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
    X509_set_issuer_name(one.get(), subject);
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> alternatives(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str()), &X509_EXTENSION_free);
    if (!alternatives || X509_add_ext(one.get(), alternatives.get(), -1) != 1 ||
        X509_sign(one.get(), key.get(), EVP_sha256()) == 0)
      throw std::runtime_error("no certificate for " + names);
    write(certificate_file(), [&](std::FILE* to) { return PEM_write_X509(to, one.get()); });
    write(key_file(),
          [&](std::FILE* to) { return PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  ~test_certificate() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  test_certificate(const test_certificate&) = delete;
  test_certificate& operator=(const test_certificate&) = delete;

  std::string certificate_file() const { return (folder_ / "certificate.pem").string(); }
  std::string key_file() const { return (folder_ / "key.pem").string(); }

 private:
  template <class Writer>
  static void write(const std::string& path, Writer writer) {
    const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(std::fopen(path.c_str(), "w"), &std::fclose);
    if (!file || writer(file.get()) != 1) throw std::runtime_error("cannot write " + path);
  }
  std::filesystem::path folder_;
};

}  // namespace sluice::http::testing
