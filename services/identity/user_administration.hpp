// Identity's face for those who administrate: the accounts of others, their sessions and keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "async/task.hpp"
#include "base/error.hpp"
#include "base/secret_string.hpp"
#include "identity/identity_service.hpp"

namespace sluice::identity {

/// Which accounts a list is about.
struct user_filter {
  std::string query;  ///< a part of the name, in any case, or a whole id; empty: all
  std::optional<role> role;
  std::optional<bool> disabled;
};

inline constexpr std::uint32_t users_per_page_max = 200;

struct list_users_request {
  user_filter wanted;
  std::string cursor;        ///< `next` of the page before; empty: from the beginning
  std::uint32_t limit = 50;  ///< 1 to `users_per_page_max`
};

struct user_page {
  std::vector<user> users;  ///< oldest account first
  std::string next;         ///< empty: that was all
};

struct new_user {
  std::string username;
  secret_string password;  ///< empty: one is made
  role role = role::user;
};

struct created_user {
  user who;
  secret_string password;  ///< that was made, never to be had again; empty where one was given
};

/// Held and called as `service`. Errors everywhere: not_found, for a user that there is not; unavailable. Who may call
/// is the caller's business, asked of `may_administrate`. What it changes holds here at once, in other processes with
/// the revocations that it makes.
class user_administration {
 public:
  virtual ~user_administration() = default;

  /// Whether this one may administrate by now, asked of the database, past everything that is remembered. Errors:
  /// unauthenticated, if the session has ended or the key is gone; permission_denied, for who is no admin (any more).
  virtual task<result<void>> may_administrate(identified who) = 0;

  /// Errors: invalid_argument on `query`, `cursor` or `limit`.
  virtual task<result<user_page>> list_users(list_users_request asked) = 0;
  /// Those of the ids that there are, in any order; at most `users_per_page_max` ids.
  virtual task<result<std::vector<user>>> find_users(std::vector<std::string> user_ids) = 0;
  /// Also while registration is closed. Errors: conflict on `username`; invalid_argument on `username` or `password`.
  virtual task<result<created_user>> create_user(new_user wanted) = 0;
  /// Ends the user's sessions. Errors: conflict, for the last admin that is not disabled.
  virtual task<result<user>> set_role(std::string user_id, role to) = 0;
  /// Disabling ends the sessions and lets the keys rest. Errors: as `set_role`.
  virtual task<result<user>> set_disabled(std::string user_id, bool to) = 0;
  /// Ends the user's sessions. The new password is never to be had again.
  virtual task<result<secret_string>> reset_password(std::string user_id) = 0;
  virtual task<result<void>> end_sessions(std::string user_id) = 0;

  virtual task<result<std::vector<api_key>>> list_keys_of(std::string user_id) = 0;
  /// Errors: invalid_argument on `name`; too_large (as many keys as one may have).
  virtual task<result<created_key>> create_key_for(std::string user_id, std::string name) = 0;
  /// Errors: not_found, also for a key of somebody else.
  virtual task<result<void>> revoke_key_of(std::string user_id, std::string key_id) = 0;
};

}  // namespace sluice::identity
