#include "identity/rpc_messages.hpp"

namespace sluice::identity {
namespace {

using std::chrono::nanoseconds;

std::int64_t to_number(time_point at) {
  return std::chrono::duration_cast<nanoseconds>(at.time_since_epoch()).count();
}

time_point to_time(std::int64_t number) {
  return time_point(std::chrono::duration_cast<time_point::duration>(nanoseconds(number)));
}

}  // namespace

v1::Role to_message(role value) {
  return value == role::admin ? v1::ROLE_ADMIN : v1::ROLE_USER;
}

role from_message(v1::Role message) {
  return message == v1::ROLE_ADMIN ? role::admin : role::user;
}

v1::User to_message(const user& who) {
  v1::User message;
  message.set_id(who.id);
  message.set_username(who.username);
  message.set_role(to_message(who.role));
  message.set_disabled(who.disabled);
  message.set_created_at(to_number(who.created_at));
  return message;
}

user from_message(const v1::User& message) {
  return {.id = message.id(),
          .username = message.username(),
          .role = from_message(message.role()),
          .disabled = message.disabled(),
          .created_at = to_time(message.created_at())};
}

v1::Tokens to_message(const tokens& given) {
  v1::Tokens message;
  message.set_access_token(bytes_of(given.access_token));
  message.set_refresh_token(bytes_of(given.refresh_token));
  message.set_expires_at(to_number(given.expires_at));
  message.set_refresh_expires_at(to_number(given.refresh_expires_at));
  message.set_session_id(given.session_id);
  *message.mutable_who() = to_message(given.who);
  return message;
}

tokens from_message(const v1::Tokens& message) {
  return {.access_token = secret_of(message.access_token()),
          .refresh_token = secret_of(message.refresh_token()),
          .expires_at = to_time(message.expires_at()),
          .refresh_expires_at = to_time(message.refresh_expires_at()),
          .session_id = message.session_id(),
          .who = from_message(message.who())};
}

v1::Identified to_message(const identified& who) {
  v1::Identified message;
  message.set_user_id(who.user_id);
  message.set_username(who.username);
  message.set_role(to_message(who.role));
  message.set_session_id(who.session_id);
  message.set_key_id(who.key_id);
  if (who.expires_at) message.set_expires_at(to_number(*who.expires_at));
  return message;
}

identified from_message(const v1::Identified& message) {
  identified who{.user_id = message.user_id(),
                 .username = message.username(),
                 .role = from_message(message.role()),
                 .session_id = message.session_id(),
                 .key_id = message.key_id(),
                 .expires_at = {}};
  if (message.has_expires_at()) who.expires_at = to_time(message.expires_at());
  return who;
}

v1::ApiKey to_message(const api_key& key) {
  v1::ApiKey message;
  message.set_id(key.id);
  message.set_name(key.name);
  message.set_prefix(key.prefix);
  message.set_created_at(to_number(key.created_at));
  if (key.last_used_at) message.set_last_used_at(to_number(*key.last_used_at));
  return message;
}

api_key from_message(const v1::ApiKey& message) {
  api_key key{.id = message.id(),
              .name = message.name(),
              .prefix = message.prefix(),
              .created_at = to_time(message.created_at()),
              .last_used_at = {}};
  if (message.has_last_used_at()) key.last_used_at = to_time(message.last_used_at());
  return key;
}

v1::ListKeysResponse to_message(const std::vector<api_key>& keys) {
  v1::ListKeysResponse message;
  for (const api_key& each : keys)
    *message.add_keys() = to_message(each);
  return message;
}

std::vector<api_key> from_message(const v1::ListKeysResponse& message) {
  std::vector<api_key> keys;
  for (const v1::ApiKey& each : message.keys())
    keys.push_back(from_message(each));
  return keys;
}

v1::CreateKeyResponse to_message(const created_key& made) {
  v1::CreateKeyResponse message;
  *message.mutable_about() = to_message(made.about);
  message.set_key(bytes_of(made.key));
  return message;
}

created_key from_message(const v1::CreateKeyResponse& message) {
  return {.about = from_message(message.about()), .key = secret_of(message.key())};
}

v1::Revocations to_message(const revocation_batch& batch) {
  v1::Revocations message;
  message.set_last(batch.last);
  for (const revocation& each : batch.revoked) {
    v1::Revocation& one = *message.add_revoked();
    one.set_number(each.number);
    one.set_user_id(each.user_id);
    one.set_session_id(each.session_id);
    one.set_key_id(each.key_id);
  }
  return message;
}

revocation_batch from_message(const v1::Revocations& message) {
  revocation_batch batch{.last = message.last(), .revoked = {}};
  for (const v1::Revocation& each : message.revoked()) {
    batch.revoked.push_back(
        {.number = each.number(), .user_id = each.user_id(), .session_id = each.session_id(), .key_id = each.key_id()});
  }
  return batch;
}

}  // namespace sluice::identity
