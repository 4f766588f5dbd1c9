// Identity's words as messages of proto/identity/v1, and back.
#pragma once

#include <span>

#include "identity/identity_service.hpp"
#include "identity/tokens.hpp"
#include "identity/v1/identity.pb.h"

namespace sluice::identity {

v1::Role to_message(role value);
/// Whatever is said that is not known gives no rights.
role from_message(v1::Role message);

v1::User to_message(const user& who);
user from_message(const v1::User& message);

v1::Tokens to_message(const tokens& given);
tokens from_message(const v1::Tokens& message);

v1::Identified to_message(const identified& who);
identified from_message(const v1::Identified& message);

v1::ApiKey to_message(const api_key& key);
api_key from_message(const v1::ApiKey& message);

v1::ListKeysResponse to_message(const std::vector<api_key>& keys);
std::vector<api_key> from_message(const v1::ListKeysResponse& message);

v1::CreateKeyResponse to_message(const created_key& made);
created_key from_message(const v1::CreateKeyResponse& message);

v1::Revocations to_message(const revocation_batch& batch);
revocation_batch from_message(const v1::Revocations& message);

inline v1::Origin to_message(const origin& from) {
  v1::Origin message;
  message.set_address(from.address);
  return message;
}

/// What an answer is as a value, and the reverse, errors as they are.
template <class Message>
auto as_value(const result<Message>& answer) -> result<decltype(from_message(*answer))> {
  if (!answer) return std::unexpected(answer.error());
  return from_message(*answer);
}
template <class T>
auto as_message(const result<T>& made) -> result<decltype(to_message(*made))> {
  if (!made) return std::unexpected(made.error());
  return to_message(*made);
}
/// `Message` says no more than that it was done.
template <class Message>
result<Message> as_answer(const result<void>& done) {
  if (!done) return std::unexpected(done.error());
  return Message();
}
template <class Message>
result<void> as_done(const result<Message>& answer) {
  if (!answer) return std::unexpected(answer.error());
  return {};
}

inline secret_string secret_of(const std::string& bytes) {
  return secret_string(bytes);
}

inline std::string bytes_of(const secret_string& secret) {
  return std::string(secret.reveal());
}

}  // namespace sluice::identity
