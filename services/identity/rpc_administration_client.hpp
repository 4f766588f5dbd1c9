// The accounts of others, held by identity on other nodes.
#pragma once

#include "identity/rpc_client.hpp"
#include "identity/rpc_follower.hpp"
#include "identity/user_administration.hpp"
#include "identity/v1/administration.grpc.pb.h"
#include "rpc/client.hpp"

namespace sluice::identity {

/// What it changes is known to `follower` before a call returns.
class rpc_administration_client final : public user_administration {
 public:
  rpc_administration_client(rpc::channel& over, rpc_follower& follower, const rpc_client_settings& told)
      : node_(over), follower_(follower), told_(told) {}

  task<result<void>> may_administrate(identified who) override;
  task<result<user_page>> list_users(list_users_request asked) override;
  task<result<std::vector<user>>> find_users(std::vector<std::string> user_ids) override;
  task<result<created_user>> create_user(new_user wanted) override;
  task<result<user>> set_role(std::string user_id, role to) override;
  task<result<user>> set_disabled(std::string user_id, bool to) override;
  task<result<secret_string>> reset_password(std::string user_id) override;
  task<result<void>> end_sessions(std::string user_id) override;
  task<result<std::vector<api_key>>> list_keys_of(std::string user_id) override;
  task<result<created_key>> create_key_for(std::string user_id, std::string name) override;
  task<result<void>> revoke_key_of(std::string user_id, std::string key_id) override;

 private:
  rpc::call_options ordinary() const { return {.deadline = told_.call_deadline}; }
  rpc::call_options hashing() const { return {.deadline = told_.sign_in_deadline}; }
  template <class T>
  task<result<T>> ended(result<T> done) {
    if (done) co_await follower_.catch_up();
    co_return done;
  }

  rpc::client<v1::UserAdministration> node_;
  rpc_follower& follower_;
  const rpc_client_settings& told_;
};

}  // namespace sluice::identity
