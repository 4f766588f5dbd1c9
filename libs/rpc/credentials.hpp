// How services know each other.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret_string.hpp"

namespace sluice::rpc {

/// PEM files. A server speaks TLS if it has `certificate` and `key`, and asks its callers for certificates of `ca` if
/// it has that (mutual TLS). A client speaks TLS if any is given: it checks the server against `ca`, or the system's
/// authorities without it, and shows `certificate` if it has one.
struct tls_files {
  std::string certificate;
  std::string key;
  std::string ca;

  bool any() const { return !certificate.empty() || !key.empty() || !ca.empty(); }
};

/// Either is enough; both may be used.
struct security {
  tls_files tls;
  /// Both sides have it. It never crosses the wire: what is sent with each call is made from it.
  secret_string secret;
};

/// The contents of the files, read and checked to fit together.
struct tls_contents {
  std::string certificate;
  secret_string key;
  std::string ca;
};

/// Errors: invalid_argument, naming the file that is missing or wrong; `param` is the member that names it.
result<tls_contents> read_tls_files(const tls_files& files);

/// What shows that a caller knows the secret: HMAC-SHA256 of it in hexadecimal. Knowing it does not give the secret,
/// which also seals what is stored.
std::string make_secret_proof(const secret_string& secret);

/// In time that does not depend on where they differ.
bool equal_proofs(std::string_view given, std::string_view expected);

}  // namespace sluice::rpc
