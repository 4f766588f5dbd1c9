// What those who administrate do to the accounts of others: the rules behind `user_administration` and `sluice user`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "identity/passwords.hpp"
#include "identity/user_administration.hpp"
#include "identity/user_store.hpp"

namespace sluice::identity {

/// Any worker; what it is given outlives it.
class user_accounts final : public user_administration {
 public:
  /// `revoked` is called after something of the user with that id was revoked, so that it is forgotten here at once.
  user_accounts(user_store& store, password_hasher& hasher, std::uint32_t keys_max, std::function<time_point()> now,
                std::function<void(const std::string&)> revoked);

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

  /// Ends the user's sessions. The caller has seen to it that the password is a good one.
  task<result<void>> set_password(std::string user_id, secret_string password);

 private:
  task<result<user>> find(std::string user_id);

  user_store& store_;
  password_hasher& hasher_;
  std::uint32_t keys_max_;
  std::function<time_point()> now_;
  std::function<void(const std::string&)> revoked_;
};

}  // namespace sluice::identity
