// What an admin does to the accounts of others, by name; for the command line.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/task.hpp"
#include "base/error.hpp"
#include "base/secret_string.hpp"
#include "identity/identity_service.hpp"
#include "identity/passwords.hpp"
#include "identity/user_accounts.hpp"
#include "identity/user_store.hpp"

namespace sluice::identity {

/// Works on the database, also while a server does: that one learns of it by its poll of the revocations. Errors
/// everywhere: not_found for an unknown user; unavailable.
class administration {
 public:
  administration(std::unique_ptr<user_store> store, const hashing_settings& hashing, std::uint32_t keys_max,
                 const std::function<time_point()>& now);

  /// Errors: invalid_argument (name or password), conflict.
  task<result<user>> add_user(std::string username, secret_string password, role as);
  task<result<std::vector<user>>> list_users();
  /// Ends all sessions.
  task<result<user>> set_password(std::string username, secret_string password);
  /// Errors: conflict, for the last admin.
  task<result<user>> set_role(std::string username, role to);
  task<result<user>> set_disabled(std::string username, bool to);

  task<result<created_key>> create_key(std::string username, std::string name);
  task<result<std::vector<api_key>>> list_keys(std::string username);
  /// Whose it was.
  task<result<user>> revoke_key(std::string key_id);

 private:
  task<result<user>> find(std::string username);

  std::unique_ptr<user_store> store_;
  password_hasher hasher_;
  user_accounts accounts_;
};

}  // namespace sluice::identity
