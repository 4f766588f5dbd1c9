// Signing keys at rest: what is in the database is of no use to who can read only that.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret_string.hpp"
#include "identity/tokens.hpp"

namespace sluice::identity {

/// AES-256-GCM (NIST SP 800-38D) under a key that is made of the secret by HMAC-SHA256; the id of the signing key is
/// authenticated with it. Without a secret keys are kept as they are.
class key_seal {
 public:
  explicit key_seal(const secret_string& secret);

  /// `stored` with its private half as it is to be stored.
  stored_signing_key seal(stored_signing_key made) const;
  /// Whether it lies open in the store and need not.
  bool should_seal(const stored_signing_key& stored) const;
  /// The reverse of `seal`; a key that was stored as it is stays so. Errors: unavailable, for one that was sealed with
  /// another secret, or with one where we have none.
  result<stored_signing_key> open(stored_signing_key stored) const;

 private:
  secret_string key_;  // empty: none
};

}  // namespace sluice::identity
