// What TLS connections of one kind share: certificates, whom to trust, and the rules of the protocol.
#pragma once

#include <memory>
#include <string>

#include "base/error.hpp"

struct ssl_ctx_st;

namespace sluice::http {

/// At least TLS 1.2, ALPN http/1.1. Immutable, so that all workers share one; must outlive no session (OpenSSL counts).
class tls_context {
 public:
  /// For a server: PEM files of a certificate chain and its private key. The message names the file that is wrong,
  /// `param` which of them it is: "certificate" or "key".
  static result<tls_context> make_server(const std::string& certificate_file, const std::string& key_file);
  /// For a client that verifies peers against the system's authorities, and those in `authorities_file` (PEM) if given.
  static result<tls_context> make_client(const std::string& authorities_file = {});

  ssl_ctx_st* native() const { return context_.get(); }

 private:
  explicit tls_context(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {}
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace sluice::http
