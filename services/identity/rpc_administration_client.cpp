#include "identity/rpc_administration_client.hpp"

#include "identity/rpc_messages.hpp"

namespace sluice::identity {
namespace {

using methods = rpc::methods<v1::UserAdministration>;

template <class Message>
std::vector<user> users_of(const Message& message) {
  std::vector<user> users;
  for (const v1::User& each : message.users())
    users.push_back(from_message(each));
  return users;
}

}  // namespace

task<result<void>> rpc_administration_client::may_administrate(identified who) {
  co_return as_done(co_await node_.call(&methods::MayAdministrate, to_message(who), ordinary()));
}

task<result<user_page>> rpc_administration_client::list_users(list_users_request asked) {
  v1::ListUsersRequest request;
  request.set_query(std::move(asked.wanted.query));
  if (asked.wanted.role) request.set_role(to_message(*asked.wanted.role));
  if (asked.wanted.disabled) request.set_disabled(*asked.wanted.disabled);
  request.set_cursor(std::move(asked.cursor));
  request.set_limit(asked.limit);
  const auto answer = co_await node_.call(&methods::ListUsers, std::move(request), ordinary());
  if (!answer) co_return std::unexpected(answer.error());
  co_return user_page{.users = users_of(*answer), .next = answer->next()};
}

task<result<std::vector<user>>> rpc_administration_client::find_users(std::vector<std::string> user_ids) {
  v1::FindUsersRequest request;
  for (std::string& each : user_ids)
    request.add_user_ids(std::move(each));
  const auto answer = co_await node_.call(&methods::FindUsers, std::move(request), ordinary());
  if (!answer) co_return std::unexpected(answer.error());
  co_return users_of(*answer);
}

task<result<created_user>> rpc_administration_client::create_user(new_user wanted) {
  v1::CreateUserRequest request;
  request.set_username(std::move(wanted.username));
  request.set_password(bytes_of(wanted.password));
  request.set_role(to_message(wanted.role));
  const auto answer = co_await node_.call(&methods::CreateUser, std::move(request), hashing());
  if (!answer) co_return std::unexpected(answer.error());
  co_return created_user{.who = from_message(answer->who()), .password = secret_of(answer->password())};
}

task<result<user>> rpc_administration_client::set_role(std::string user_id, role to) {
  v1::SetRoleRequest request;
  request.set_user_id(std::move(user_id));
  request.set_role(to_message(to));
  co_return co_await ended(as_value(co_await node_.call(&methods::SetRole, std::move(request), ordinary())));
}

task<result<user>> rpc_administration_client::set_disabled(std::string user_id, bool to) {
  v1::SetDisabledRequest request;
  request.set_user_id(std::move(user_id));
  request.set_disabled(to);
  co_return co_await ended(as_value(co_await node_.call(&methods::SetDisabled, std::move(request), ordinary())));
}

task<result<secret_string>> rpc_administration_client::reset_password(std::string user_id) {
  v1::ResetPasswordRequest request;
  request.set_user_id(std::move(user_id));
  const auto answer = co_await node_.call(&methods::ResetPassword, std::move(request), hashing());
  if (!answer) co_return std::unexpected(answer.error());
  co_return co_await ended(result<secret_string>(secret_of(answer->password())));
}

task<result<void>> rpc_administration_client::end_sessions(std::string user_id) {
  v1::EndSessionsRequest request;
  request.set_user_id(std::move(user_id));
  co_return co_await ended(as_done(co_await node_.call(&methods::EndSessions, std::move(request), ordinary())));
}

task<result<std::vector<api_key>>> rpc_administration_client::list_keys_of(std::string user_id) {
  v1::ListKeysRequest request;
  request.set_user_id(std::move(user_id));
  co_return as_value(co_await node_.call(&methods::ListKeysOf, std::move(request), ordinary()));
}

task<result<created_key>> rpc_administration_client::create_key_for(std::string user_id, std::string name) {
  v1::CreateKeyRequest request;
  request.set_user_id(std::move(user_id));
  request.set_name(std::move(name));
  co_return as_value(co_await node_.call(&methods::CreateKeyFor, std::move(request), ordinary()));
}

task<result<void>> rpc_administration_client::revoke_key_of(std::string user_id, std::string key_id) {
  v1::RevokeKeyRequest request;
  request.set_user_id(std::move(user_id));
  request.set_key_id(std::move(key_id));
  co_return co_await ended(as_done(co_await node_.call(&methods::RevokeKeyOf, std::move(request), ordinary())));
}

}  // namespace sluice::identity
