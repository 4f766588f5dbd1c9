// For tests of TLS between services: an authority that is made on the spot, and certificates of it.
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

namespace sluice::rpc::testing {

/// Its files go with it.
class test_authority {
 public:
  struct pair {
    std::string certificate;
    std::string key;
  };

  test_authority() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    folder_ = pattern;
    key_.reset(EVP_EC_gen("P-256"));
    certificate_.reset(make("authority", key_.get(), "basicConstraints", "critical,CA:TRUE"));
    write(file(), [&](std::FILE* to) { return PEM_write_X509(to, certificate_.get()); });
  }
  ~test_authority() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  test_authority(const test_authority&) = delete;
  test_authority& operator=(const test_authority&) = delete;

  std::string file() const { return (folder_ / "ca.pem").string(); }

  /// `names` as OpenSSL writes subjectAltName, e.g. "DNS:identity.test,IP:127.0.0.1".
  pair issue(const std::string& names) const {
    const std::string stem = (folder_ / std::to_string(++issued_)).string();
    const pair made{.certificate = stem + ".pem", .key = stem + ".key.pem"};
    const key_ptr key(EVP_EC_gen("P-256"));
    const certificate_ptr one(make("node", key.get(), "subjectAltName", names));
    write(made.certificate, [&](std::FILE* to) { return PEM_write_X509(to, one.get()); });
    write(made.key,
          [&](std::FILE* to) { return PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    return made;
  }

 private:
  struct deleter {
    void operator()(EVP_PKEY* one) const { EVP_PKEY_free(one); }
    void operator()(X509* one) const { X509_free(one); }
    void operator()(X509_EXTENSION* one) const { X509_EXTENSION_free(one); }
  };
  using key_ptr = std::unique_ptr<EVP_PKEY, deleter>;
  using certificate_ptr = std::unique_ptr<X509, deleter>;

  X509* make(const std::string& name, EVP_PKEY* key, const char* extension, const std::string& says) const {
    certificate_ptr one(X509_new());
    X509_set_version(one.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(one.get()), 1 + issued_);
    X509_gmtime_adj(X509_getm_notBefore(one.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(one.get()), 3600);
    X509_set_pubkey(one.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(one.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    const X509* issuer = certificate_ ? certificate_.get() : one.get();
    X509_set_issuer_name(one.get(), X509_get_subject_name(issuer));
    const std::unique_ptr<X509_EXTENSION, deleter> more(
        X509V3_EXT_conf_nid(nullptr, nullptr, OBJ_sn2nid(extension), says.c_str()));
    if (!more || X509_add_ext(one.get(), more.get(), -1) != 1 || X509_sign(one.get(), key_.get(), EVP_sha256()) == 0)
      throw std::runtime_error("no certificate for " + says);
    return one.release();
  }
  template <class Writer>
  static void write(const std::string& path, Writer writer) {
    const std::unique_ptr<std::FILE, decltype(&std::fclose)> to(std::fopen(path.c_str(), "w"), &std::fclose);
    if (!to || writer(to.get()) != 1) throw std::runtime_error("cannot write " + path);
  }

  std::filesystem::path folder_;
  mutable int issued_ = 0;
  key_ptr key_;
  certificate_ptr certificate_;
};

}  // namespace sluice::rpc::testing
