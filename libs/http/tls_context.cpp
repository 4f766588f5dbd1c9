#include "http/tls_context.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace sluice::http {
namespace {

constexpr std::array<unsigned char, 9> alpn_http11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// Of what went wrong, the first is what the system says of a file; otherwise the last is the one closest to us.
std::string last_reason() {
  const unsigned long first = ERR_peek_error();
  if (ERR_SYSTEM_ERROR(first)) return std::generic_category().message(ERR_GET_REASON(first));
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason != nullptr ? reason : "unknown error";
}

// A client that offers only protocols which are not spoken here goes on without one (RFC 7301 would let us refuse it,
// but such clients exist and speak HTTP/1.1 all the same).
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, out_size, alpn_http11.data(), alpn_http11.size(), offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

std::shared_ptr<SSL_CTX> make_context(const SSL_METHOD* method) {
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(method), SSL_CTX_free);
  if (!context) return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  return context;
}

// The private key of the certificate that the context has.
result<void> use_key(SSL_CTX& context, const std::string& certificate_file, const std::string& key_file) {
  const auto wrong = [](std::string what) {
    return failure(error_reason::invalid_argument, "the TLS private key in " + std::move(what), "key");
  };
  const std::string named = '"' + key_file + '"';
  // A key under a passphrase is refused rather than asked for on the terminal.
  bool has_passphrase = false;
  SSL_CTX_set_default_passwd_cb_userdata(&context, &has_passphrase);
  SSL_CTX_set_default_passwd_cb(&context, [](char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return 0;
  });
  const bool used = SSL_CTX_use_PrivateKey_file(&context, key_file.c_str(), SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(&context, nullptr);
  SSL_CTX_set_default_passwd_cb(&context, nullptr);
  if (has_passphrase) return wrong(named + " is under a passphrase; it must be there without one");
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  const bool differs = reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH;
  if (!used && !differs) return wrong(named + " (PEM) cannot be used: " + last_reason());
  if (!used || SSL_CTX_check_private_key(&context) != 1)
    return wrong(named + " does not belong to the certificate in \"" + certificate_file + '"');
  return {};
}

}  // namespace

result<tls_context> tls_context::make_server(const std::string& certificate_file, const std::string& key_file) {
  auto context = make_context(TLS_server_method());
  if (!context) return failure(error_reason::internal, "OpenSSL cannot be set up: " + last_reason());
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1)
    return failure(error_reason::invalid_argument,
                   "cannot read the TLS certificate chain (PEM) from \"" + certificate_file + "\": " + last_reason(),
                   "certificate");
  if (auto used = use_key(*context, certificate_file, key_file); !used) return std::unexpected(std::move(used.error()));
  // Sessions are resumed from tickets alone: no cache that grows, nothing that workers share.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  return tls_context(std::move(context));
}

result<tls_context> tls_context::make_client(const std::string& authorities_file) {
  auto context = make_context(TLS_client_method());
  if (!context) return failure(error_reason::internal, "OpenSSL cannot be set up: " + last_reason());
  if (SSL_CTX_set_default_verify_paths(context.get()) != 1)
    return failure(error_reason::internal, "cannot read the system's certificate authorities: " + last_reason());
  if (!authorities_file.empty() && SSL_CTX_load_verify_locations(context.get(), authorities_file.c_str(), nullptr) != 1)
    return failure(error_reason::invalid_argument,
                   "cannot read certificate authorities (PEM) from \"" + authorities_file + "\": " + last_reason());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // One system call a record in place of two, one for its head: each token of a provider is a record.
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_alpn_protos(context.get(), alpn_http11.data(), alpn_http11.size());
  return tls_context(std::move(context));
}

}  // namespace sluice::http
