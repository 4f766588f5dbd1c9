#include "identity/rpc_server.hpp"

#include <algorithm>
#include <functional>

#include "identity/identity.hpp"
#include "identity/module.hpp"
#include "identity/rpc_messages.hpp"
#include "identity/v1/identity.grpc.pb.h"
#include "rpc/handlers.hpp"

namespace sluice::identity {
namespace {

using rpc::call_context;

constexpr milliseconds patience_max{60'000};

origin origin_of(const v1::Origin& message, call_context call) {
  return {.address = message.address(), .request_id = std::move(call.request_id)};
}

class rpc_server final : public v1::Identity::CallbackService {
 public:
  rpc_server(rpc::call_host& host, identity& people) : host_(host), people_(people) {}

// One method of the wire, answered by the member of the same name below.
#define SLUICE_ANSWER(Method, Request, Response, member, how)                                               \
  grpc::ServerUnaryReactor* Method(grpc::CallbackServerContext* context, const v1::Request* request,        \
                                   v1::Response* response) override {                                       \
    return rpc::answer(host_, context, request, response, std::bind_front(&rpc_server::member, this), how); \
  }
  SLUICE_ANSWER(RegisterUser, RegisterUserRequest, User, register_user, rpc::lifetime::bounded)
  SLUICE_ANSWER(LogIn, LogInRequest, Tokens, log_in, rpc::lifetime::bounded)
  SLUICE_ANSWER(Refresh, RefreshRequest, Tokens, refresh, rpc::lifetime::bounded)
  SLUICE_ANSWER(LogOut, LogOutRequest, LogOutResponse, log_out, rpc::lifetime::bounded)
  SLUICE_ANSWER(LogOutByRefresh, LogOutByRefreshRequest, LogOutResponse, log_out_by_refresh, rpc::lifetime::bounded)
  SLUICE_ANSWER(LogOutEverywhere, LogOutEverywhereRequest, LogOutResponse, log_out_everywhere, rpc::lifetime::bounded)
  SLUICE_ANSWER(Identify, IdentifyRequest, IdentifyResponse, identify, rpc::lifetime::bounded)
  SLUICE_ANSWER(StillStands, Identified, StillStandsResponse, still_stands, rpc::lifetime::bounded)
  SLUICE_ANSWER(FindUser, FindUserRequest, User, find_user, rpc::lifetime::bounded)
  SLUICE_ANSWER(ChangePassword, ChangePasswordRequest, ChangePasswordResponse, change_password, rpc::lifetime::bounded)
  SLUICE_ANSWER(ListKeys, ListKeysRequest, ListKeysResponse, list_keys, rpc::lifetime::bounded)
  SLUICE_ANSWER(CreateKey, CreateKeyRequest, CreateKeyResponse, create_key, rpc::lifetime::bounded)
  SLUICE_ANSWER(RevokeKey, RevokeKeyRequest, RevokeKeyResponse, revoke_key, rpc::lifetime::bounded)
  SLUICE_ANSWER(FollowRevocations, FollowRevocationsRequest, Revocations, follow_revocations, rpc::lifetime::endless)
  SLUICE_ANSWER(GetVerification, GetVerificationRequest, Verification, get_verification, rpc::lifetime::bounded)
#undef SLUICE_ANSWER

 private:
  task<result<v1::User>> register_user(call_context call, const v1::RegisterUserRequest& request) {
    credentials wanted{.username = request.username(), .password = secret_of(request.password())};
    co_return as_message(co_await people_.register_user(std::move(wanted), origin_of(request.from(), std::move(call))));
  }
  task<result<v1::Tokens>> log_in(call_context call, const v1::LogInRequest& request) {
    credentials given{.username = request.username(), .password = secret_of(request.password())};
    co_return as_message(co_await people_.log_in(std::move(given), origin_of(request.from(), std::move(call))));
  }
  task<result<v1::Tokens>> refresh(call_context call, const v1::RefreshRequest& request) {
    co_return as_message(
        co_await people_.refresh(secret_of(request.refresh_token()), origin_of(request.from(), std::move(call))));
  }
  task<result<v1::LogOutResponse>> log_out(call_context, const v1::LogOutRequest& request) {
    co_return co_await revoked<v1::LogOutResponse>(people_.log_out(request.user_id(), request.session_id()));
  }
  task<result<v1::LogOutResponse>> log_out_by_refresh(call_context, const v1::LogOutByRefreshRequest& request) {
    co_return co_await revoked<v1::LogOutResponse>(people_.log_out_by_refresh(secret_of(request.refresh_token())));
  }
  task<result<v1::LogOutResponse>> log_out_everywhere(call_context, const v1::LogOutEverywhereRequest& request) {
    co_return co_await revoked<v1::LogOutResponse>(people_.log_out_everywhere(request.user_id()));
  }
  task<result<v1::IdentifyResponse>> identify(call_context, const v1::IdentifyRequest& request) {
    if (const auto heard = co_await people_.hear_of(request.known()); !heard) co_return std::unexpected(heard.error());
    const std::uint64_t as_of = std::max(request.known(), people_.revocations().newest());
    const auto who = co_await people_.identify(secret_of(request.credential()));
    if (!who) co_return std::unexpected(who.error());
    v1::IdentifyResponse response;
    *response.mutable_who() = to_message(*who);
    response.set_as_of(as_of);
    co_return response;
  }
  task<result<v1::StillStandsResponse>> still_stands(call_context, const v1::Identified& request) {
    co_return as_answer<v1::StillStandsResponse>(co_await people_.still_stands(from_message(request)));
  }
  task<result<v1::User>> find_user(call_context, const v1::FindUserRequest& request) {
    co_return as_message(co_await people_.find_user(request.user_id()));
  }
  task<result<v1::ChangePasswordResponse>> change_password(call_context call,
                                                           const v1::ChangePasswordRequest& request) {
    co_return co_await revoked<v1::ChangePasswordResponse>(
        people_.change_password(request.user_id(), request.session_id(), secret_of(request.old_password()),
                                secret_of(request.new_password()), origin_of(request.from(), std::move(call))));
  }
  task<result<v1::ListKeysResponse>> list_keys(call_context, const v1::ListKeysRequest& request) {
    co_return as_message(co_await people_.list_keys(request.user_id()));
  }
  task<result<v1::CreateKeyResponse>> create_key(call_context, const v1::CreateKeyRequest& request) {
    co_return as_message(co_await people_.create_key(request.user_id(), request.name()));
  }
  task<result<v1::RevokeKeyResponse>> revoke_key(call_context, const v1::RevokeKeyRequest& request) {
    co_return co_await revoked<v1::RevokeKeyResponse>(people_.revoke_key(request.user_id(), request.key_id()));
  }
  task<result<v1::Revocations>> follow_revocations(call_context call, const v1::FollowRevocationsRequest& request) {
    if (!request.follower().empty()) people_.revocations().note_known(request.follower(), request.after());
    const auto patience = std::clamp(milliseconds(request.patience_ms()), milliseconds(0), patience_max);
    co_return as_message(co_await people_.follow_revocations(request.after(), std::min(patience, call.left())));
  }
  task<result<v1::Verification>> get_verification(call_context, const v1::GetVerificationRequest&) {
    const auto made = co_await people_.get_verification();
    if (!made) co_return std::unexpected(made.error());
    v1::Verification response;
    response.set_issuer(made->told.issuer);
    response.set_audience(made->told.audience);
    response.set_leeway_ms(milliseconds(made->told.leeway).count());
    response.set_token_life_ms(made->token_life.count());
    for (const public_signing_key& each : made->keys) {
      v1::VerificationKey& key = *response.add_keys();
      key.set_id(each.id);
      key.set_public_key(each.public_key);
    }
    response.set_revocations_after(made->revocations_after);
    response.set_newest_revocation(made->newest_revocation);
    co_return response;
  }

  // Whoever is told that something no longer stands finds it so on every node.
  template <class Response>
  task<result<Response>> revoked(task<result<void>> revoking) {
    result<void> done = co_await std::move(revoking);
    if (done) co_await people_.revocations().await_followers();
    co_return as_answer<Response>(std::move(done));
  }

  rpc::call_host& host_;
  identity& people_;
};

}  // namespace

void add_rpc_services(rpc::server& server, module& people) {
  server.add(make_rpc_service(server.host(), people.rules()));
  server.add(make_rpc_service(server.host(), people.administration(), people.rules().revocations()));
}

std::shared_ptr<grpc::Service> make_rpc_service(rpc::call_host& host, identity& rules) {
  return std::make_shared<rpc_server>(host, rules);
}

}  // namespace sluice::identity
