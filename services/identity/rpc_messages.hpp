// Identity's words as messages of proto/identity/v1, and back.
#pragma once

#include <span>

#include "identity/identity_service.hpp"
#include "identity/tokens.hpp"
#include "identity/v1/identity.pb.h"

namespace sluice::identity {

v1::User to_message(const user& who);
user from_message(const v1::User& message);

v1::Tokens to_message(const tokens& given);
tokens from_message(const v1::Tokens& message);

v1::Identified to_message(const identified& who);
identified from_message(const v1::Identified& message);

v1::ApiKey to_message(const api_key& key);
api_key from_message(const v1::ApiKey& message);

v1::Revocations to_message(const revocation_batch& batch);
revocation_batch from_message(const v1::Revocations& message);

inline v1::Origin to_message(const origin& from) {
  v1::Origin message;
  message.set_address(from.address);
  return message;
}

inline secret_string secret_of(const std::string& bytes) {
  return secret_string(bytes);
}

inline std::string bytes_of(const secret_string& secret) {
  return std::string(secret.reveal());
}

}  // namespace sluice::identity
