#include "http/tls_context.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace sluice::http {
namespace {

constexpr std::array<unsigned char, 9> alpn_http11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

std::string last_reason() {
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

}  // namespace

result<tls_context> tls_context::make_server(const std::string& certificate_file, const std::string& key_file) {
  auto context = make_context(TLS_server_method());
  if (!context) return failure(error_reason::internal, "OpenSSL cannot be set up: " + last_reason());
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1)
    return failure(error_reason::invalid_argument,
                   "cannot read the TLS certificate chain (PEM) from \"" + certificate_file + "\": " + last_reason());
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return failure(error_reason::invalid_argument,
                   "cannot use the TLS private key (PEM) in \"" + key_file + "\": " + last_reason());
  if (SSL_CTX_check_private_key(context.get()) != 1)
    return failure(error_reason::invalid_argument, "the TLS private key in \"" + key_file +
                                                       "\" does not belong to the certificate in \"" +
                                                       certificate_file + "\"");
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
