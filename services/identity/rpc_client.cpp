#include "identity/rpc_client.hpp"

#include "async/task_group.hpp"
#include "identity/rpc_administration_client.hpp"
#include "identity/rpc_follower.hpp"
#include "identity/rpc_messages.hpp"
#include "identity/secrets.hpp"
#include "telemetry/names.hpp"

namespace sluice::identity {
namespace {

using methods = rpc::methods<v1::Identity>;

std::unexpected<error> refuse_credential() {
  return failure(error_reason::unauthenticated, "these credentials are not valid here");
}

class remote_identity final : public service {
 public:
  remote_identity(rpc::channel& over, const rpc_client_settings& told, telemetry::metric_registry& metrics,
                  const telemetry::logger& log)
      : node(over),
        checks(told.cached_credentials_max, told.revoked_sessions_max),
        follower(node, checks, told, log),
        told_(told),
        outcomes_(metrics.make_counters(telemetry::names::credential_checks, {"outcome"})) {}

  task<result<user>> register_user(credentials wanted, origin from) override {
    v1::RegisterUserRequest request;
    request.set_username(std::move(wanted.username));
    request.set_password(bytes_of(wanted.password));
    *request.mutable_from() = to_message(from);
    co_return as_value(co_await node.call(&methods::RegisterUser, std::move(request), sign_in(from)));
  }

  task<result<tokens>> log_in(credentials given, origin from) override {
    v1::LogInRequest request;
    request.set_username(std::move(given.username));
    request.set_password(bytes_of(given.password));
    *request.mutable_from() = to_message(from);
    co_return as_value(co_await node.call(&methods::LogIn, std::move(request), sign_in(from)));
  }

  task<result<tokens>> refresh(secret_string refresh_token, origin from) override {
    v1::RefreshRequest request;
    request.set_refresh_token(bytes_of(refresh_token));
    *request.mutable_from() = to_message(from);
    auto given = as_value(co_await node.call(&methods::Refresh, std::move(request), ordinary(from)));
    // It may have been a second use, which ends the session.
    const bool may_have_ended = !given && given.error().reason == error_reason::unauthenticated;
    if (may_have_ended && is_refresh_token(refresh_token.reveal())) co_await follower.catch_up();
    co_return given;
  }

  task<result<void>> log_out(std::string user_id, std::string session_id) override {
    v1::LogOutRequest request;
    request.set_user_id(std::move(user_id));
    request.set_session_id(std::move(session_id));
    co_return co_await ended(as_done(co_await node.call(&methods::LogOut, std::move(request), ordinary())));
  }

  task<result<void>> log_out_by_refresh(secret_string refresh_token) override {
    v1::LogOutByRefreshRequest request;
    request.set_refresh_token(bytes_of(refresh_token));
    co_return co_await ended(as_done(co_await node.call(&methods::LogOutByRefresh, std::move(request), ordinary())));
  }

  task<result<void>> log_out_everywhere(std::string user_id) override {
    v1::LogOutEverywhereRequest request;
    request.set_user_id(std::move(user_id));
    co_return co_await ended(as_done(co_await node.call(&methods::LogOutEverywhere, std::move(request), ordinary())));
  }

  task<result<identified>> identify(secret_string credential) override {
    const std::string_view text = credential.reveal();
    if (text.empty() || text.size() > token_bytes_max) co_return count(refuse_credential());
    const digest seen = sha256(text);
    if (auto known = checks.find(seen, told_.now())) {
      outcomes_.at({"remembered"}).add();
      co_return std::move(*known);
    }
    if (is_api_key(text)) co_return count(co_await identify_remotely(seen, std::move(credential)));
    if (text.starts_with(api_key_prefix)) co_return count(refuse_credential());
    co_return count(co_await identify_token(seen, std::move(credential)));
  }

  task<result<void>> still_stands(identified who) override {
    co_return as_done(co_await node.call(&methods::StillStands, to_message(who), ordinary()));
  }

  task<result<user>> find_user(std::string user_id) override {
    v1::FindUserRequest request;
    request.set_user_id(std::move(user_id));
    co_return as_value(co_await node.call(&methods::FindUser, std::move(request), ordinary()));
  }

  task<result<void>> change_password(std::string user_id, std::string session_id, secret_string old_password,
                                     secret_string new_password, origin from) override {
    v1::ChangePasswordRequest request;
    request.set_user_id(std::move(user_id));
    request.set_session_id(std::move(session_id));
    request.set_old_password(bytes_of(old_password));
    request.set_new_password(bytes_of(new_password));
    *request.mutable_from() = to_message(from);
    co_return co_await ended(as_done(co_await node.call(&methods::ChangePassword, std::move(request), sign_in(from))));
  }

  task<result<std::vector<api_key>>> list_keys(std::string user_id) override {
    v1::ListKeysRequest request;
    request.set_user_id(std::move(user_id));
    co_return as_value(co_await node.call(&methods::ListKeys, std::move(request), ordinary()));
  }

  task<result<created_key>> create_key(std::string user_id, std::string name) override {
    v1::CreateKeyRequest request;
    request.set_user_id(std::move(user_id));
    request.set_name(std::move(name));
    co_return as_value(co_await node.call(&methods::CreateKey, std::move(request), ordinary()));
  }

  task<result<void>> revoke_key(std::string user_id, std::string key_id) override {
    v1::RevokeKeyRequest request;
    request.set_user_id(std::move(user_id));
    request.set_key_id(std::move(key_id));
    co_return co_await ended(as_done(co_await node.call(&methods::RevokeKey, std::move(request), ordinary())));
  }

  task<result<revocation_batch>> follow_revocations(std::uint64_t after, std::chrono::milliseconds patience) override {
    return follower.follow(after, patience);
  }

  rpc::client<v1::Identity> node;
  local_checks checks;
  rpc_follower follower;

 private:
  rpc::call_options ordinary(const origin& from = {}) const {
    return {.deadline = told_.call_deadline, .request_id = from.request_id, .trace = from.trace};
  }
  rpc::call_options sign_in(const origin& from) const {
    return {.deadline = told_.sign_in_deadline, .request_id = from.request_id, .trace = from.trace};
  }

  // After what may have revoked something: whoever asks next is to find it revoked.
  task<result<void>> ended(result<void> done) {
    if (done) co_await follower.catch_up();
    co_return done;
  }

  task<result<identified>> identify_token(digest seen, secret_string token) {
    auto found = checks.check_token(seen, token.reveal(), told_.now());
    if (found.verdict == local_verdict::unknown_key && co_await follower.fetch_unknown_key())
      found = checks.check_token(seen, token.reveal(), told_.now());
    switch (found.verdict) {
      case local_verdict::good:
        co_return std::move(found.who);
      case local_verdict::refused:
        co_return refuse_credential();
      case local_verdict::unknown_key:
      case local_verdict::ask:
        break;
    }
    co_return co_await identify_remotely(seen, std::move(token));
  }

  task<result<identified>> identify_remotely(digest seen, secret_string credential) {
    const bool is_key = is_api_key(credential.reveal());
    const std::uint64_t epoch = checks.epoch();
    v1::IdentifyRequest request;
    request.set_credential(bytes_of(credential));
    if (checks.complete()) request.set_known(checks.seen());
    const auto answer = co_await node.call(&methods::Identify, std::move(request), ordinary());
    if (!answer) co_return std::unexpected(answer.error());
    identified who = from_message(answer->who());
    const time_point now = told_.now();
    if (is_key) checks.remember_key(seen, who, now, now + told_.key_cache_ttl, epoch, answer->as_of());
    co_return who;
  }

  result<identified> count(result<identified> answer) {
    std::string_view outcome = "verified";
    if (!answer) outcome = answer.error().reason == error_reason::unauthenticated ? "refused" : "unavailable";
    outcomes_.at({outcome}).add();
    return answer;
  }

  const rpc_client_settings& told_;
  telemetry::family<telemetry::counter>& outcomes_;
};

}  // namespace

struct rpc_client::parts {
  parts(async::worker_pool& workers, rpc::channel& through, rpc_client_settings with,
        telemetry::metric_registry& metrics, const telemetry::logger& to)
      : told(std::move(with)),
        over(through),
        log(to),
        face(through, told, metrics, to),
        administration(through, face.follower, told),
        following(workers[0].get_executor(), [this](const std::exception_ptr& why) {
          log.error("following identity broke", {{"problem", message_of(why)}});
        }) {}

  rpc_client_settings told;
  rpc::channel& over;
  telemetry::logger log;
  remote_identity face;
  rpc_administration_client administration;
  async::task_group following;
};

rpc_client::rpc_client(async::worker_pool& workers, rpc::channel& over, rpc_client_settings told,
                       telemetry::metric_registry& metrics, const telemetry::logger& log)
    : parts_(std::make_unique<parts>(workers, over, std::move(told), metrics, log)) {}

rpc_client::~rpc_client() = default;

service& rpc_client::face() {
  return parts_->face;
}

user_administration& rpc_client::administration() {
  return parts_->administration;
}

void rpc_client::begin() {
  parts_->following.spawn(parts_->face.follower.run());
}

task<> rpc_client::stop() {
  parts_->following.cancel();
  co_await parts_->following.join();
}

task<result<void>> rpc_client::check(std::chrono::milliseconds limit) {
  return parts_->over.check(limit);
}

bool rpc_client::complete() const {
  return parts_->face.checks.complete();
}

}  // namespace sluice::identity
