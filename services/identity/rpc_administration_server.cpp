// The accounts of others, for other nodes.
#include "identity/module.hpp"
#include "identity/revocation_feed.hpp"
#include "identity/rpc_messages.hpp"
#include "identity/rpc_server.hpp"
#include "identity/user_administration.hpp"
#include "identity/v1/administration.grpc.pb.h"
#include "rpc/handlers.hpp"

namespace sluice::identity {
namespace {

using rpc::call_context;

class administration_server final : public v1::UserAdministration::CallbackService {
 public:
  administration_server(rpc::call_host& host, user_administration& accounts, revocation_feed& revocations)
      : host_(host), accounts_(accounts), revocations_(revocations) {}

// One method of the wire, answered by the member that is named below.
#define SLUICE_ANSWER(Method, Request, Response, member)                                                          \
  grpc::ServerUnaryReactor* Method(grpc::CallbackServerContext* context, const v1::Request* request,              \
                                   v1::Response* response) override {                                             \
    return rpc::answer(host_, context, request, response, std::bind_front(&administration_server::member, this)); \
  }
  SLUICE_ANSWER(MayAdministrate, Identified, MayAdministrateResponse, may_administrate)
  SLUICE_ANSWER(ListUsers, ListUsersRequest, ListUsersResponse, list_users)
  SLUICE_ANSWER(FindUsers, FindUsersRequest, FindUsersResponse, find_users)
  SLUICE_ANSWER(CreateUser, CreateUserRequest, CreateUserResponse, create_user)
  SLUICE_ANSWER(SetRole, SetRoleRequest, User, set_role)
  SLUICE_ANSWER(SetDisabled, SetDisabledRequest, User, set_disabled)
  SLUICE_ANSWER(ResetPassword, ResetPasswordRequest, ResetPasswordResponse, reset_password)
  SLUICE_ANSWER(EndSessions, EndSessionsRequest, EndSessionsResponse, end_sessions)
  SLUICE_ANSWER(ListKeysOf, ListKeysRequest, ListKeysResponse, list_keys_of)
  SLUICE_ANSWER(CreateKeyFor, CreateKeyRequest, CreateKeyResponse, create_key_for)
  SLUICE_ANSWER(RevokeKeyOf, RevokeKeyRequest, RevokeKeyResponse, revoke_key_of)
#undef SLUICE_ANSWER

 private:
  task<result<v1::MayAdministrateResponse>> may_administrate(call_context, const v1::Identified& request) {
    co_return as_answer<v1::MayAdministrateResponse>(co_await accounts_.may_administrate(from_message(request)));
  }
  task<result<v1::ListUsersResponse>> list_users(call_context, const v1::ListUsersRequest& request) {
    list_users_request asked{.wanted = {.query = request.query(), .role = {}, .disabled = {}},
                             .cursor = request.cursor(),
                             .limit = request.limit()};
    if (request.role() != v1::ROLE_UNSPECIFIED) asked.wanted.role = from_message(request.role());
    if (request.has_disabled()) asked.wanted.disabled = request.disabled();
    const auto page = co_await accounts_.list_users(std::move(asked));
    if (!page) co_return std::unexpected(page.error());
    v1::ListUsersResponse response;
    for (const user& each : page->users)
      *response.add_users() = to_message(each);
    response.set_next(page->next);
    co_return response;
  }
  task<result<v1::FindUsersResponse>> find_users(call_context, const v1::FindUsersRequest& request) {
    const auto found = co_await accounts_.find_users({request.user_ids().begin(), request.user_ids().end()});
    if (!found) co_return std::unexpected(found.error());
    v1::FindUsersResponse response;
    for (const user& each : *found)
      *response.add_users() = to_message(each);
    co_return response;
  }
  task<result<v1::CreateUserResponse>> create_user(call_context, const v1::CreateUserRequest& request) {
    const auto made = co_await accounts_.create_user({.username = request.username(),
                                                      .password = secret_of(request.password()),
                                                      .role = from_message(request.role())});
    if (!made) co_return std::unexpected(made.error());
    v1::CreateUserResponse response;
    *response.mutable_who() = to_message(made->who);
    response.set_password(bytes_of(made->password));
    co_return response;
  }
  task<result<v1::User>> set_role(call_context, const v1::SetRoleRequest& request) {
    co_return as_message(co_await accounts_.set_role(request.user_id(), from_message(request.role())));
  }
  task<result<v1::User>> set_disabled(call_context, const v1::SetDisabledRequest& request) {
    const auto done = co_await accounts_.set_disabled(request.user_id(), request.disabled());
    if (done && request.disabled()) co_await revocations_.await_followers();
    co_return as_message(done);
  }
  task<result<v1::ResetPasswordResponse>> reset_password(call_context, const v1::ResetPasswordRequest& request) {
    const auto made = co_await accounts_.reset_password(request.user_id());
    if (!made) co_return std::unexpected(made.error());
    co_await revocations_.await_followers();
    v1::ResetPasswordResponse response;
    response.set_password(bytes_of(*made));
    co_return response;
  }
  task<result<v1::EndSessionsResponse>> end_sessions(call_context, const v1::EndSessionsRequest& request) {
    result<void> done = co_await accounts_.end_sessions(request.user_id());
    if (done) co_await revocations_.await_followers();
    co_return as_answer<v1::EndSessionsResponse>(std::move(done));
  }
  task<result<v1::ListKeysResponse>> list_keys_of(call_context, const v1::ListKeysRequest& request) {
    co_return as_message(co_await accounts_.list_keys_of(request.user_id()));
  }
  task<result<v1::CreateKeyResponse>> create_key_for(call_context, const v1::CreateKeyRequest& request) {
    co_return as_message(co_await accounts_.create_key_for(request.user_id(), request.name()));
  }
  task<result<v1::RevokeKeyResponse>> revoke_key_of(call_context, const v1::RevokeKeyRequest& request) {
    result<void> done = co_await accounts_.revoke_key_of(request.user_id(), request.key_id());
    if (done) co_await revocations_.await_followers();
    co_return as_answer<v1::RevokeKeyResponse>(std::move(done));
  }

  rpc::call_host& host_;
  user_administration& accounts_;
  revocation_feed& revocations_;
};

}  // namespace

std::shared_ptr<grpc::Service> make_rpc_service(rpc::call_host& host, user_administration& accounts,
                                                revocation_feed& revocations) {
  return std::make_shared<administration_server>(host, accounts, revocations);
}

}  // namespace sluice::identity
