// Where accounts, sessions, keys and revocations are kept: the face, in business words. Ids and times are the callers'.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "async/task.hpp"
#include "base/error.hpp"
#include "identity/identity_service.hpp"
#include "identity/names.hpp"
#include "identity/tokens.hpp"
#include "identity/user_administration.hpp"

namespace sluice::identity {

struct account {
  user who;
  std::string password_hash;
};

struct new_account {
  std::string id;
  username name;
  std::string password_hash;
  role role = role::user;
  time_point created_at;
};

struct new_session {
  std::string id;
  std::string user_id;
  secret_string refresh_secret;  ///< what makes its refresh tokens follow one another
  std::string refresh_hash;      ///< of its first refresh token
  time_point created_at;
  time_point expires_at;
};

/// A refresh token that was given out, and its session.
struct refresh_record {
  std::string session_id;
  secret_string refresh_secret;
  bool used = false;
  account owner;
};

/// Until when a token that was used may come again without harm: used after `grace`, by two tabs for one; or after
/// `lost` while nobody has used its successor, for the answer that brought it may have been lost on the way.
struct reuse_limits {
  time_point grace;
  time_point lost;
};

enum class rotation : std::uint8_t {
  rotated,  ///< the successor is good now
  again,    ///< it was used a moment ago, or its successor never was: that one is good
  reused,   ///< it was used long ago, and what came of it since, too: the session has been ended
  unknown,  ///< no such token, or its session has ended or run out
};

struct new_key {
  api_key about;
  std::string user_id;
  std::string hash;
};

struct key_use {
  std::string key_id;
  time_point at;
};

/// Every method is one transaction. Errors beside those named: `unavailable` where the database is away.
class user_store {
 public:
  virtual ~user_store() = default;

  /// Errors: conflict, if the name or one of its skeletons is taken.
  virtual task<result<void>> add_account(new_account made) = 0;
  virtual task<result<std::optional<account>>> find_by_name(std::string name_key) = 0;
  virtual task<result<std::optional<account>>> find_by_id(std::string user_id) = 0;
  /// By id, which is by age, after `after`. The filter's query is folded, or an id.
  virtual task<result<std::vector<user>>> list_users(user_filter wanted, std::string after, std::uint32_t limit) = 0;
  /// Those that there are.
  virtual task<result<std::vector<user>>> find_users(std::vector<std::string> user_ids) = 0;
  virtual task<result<bool>> has_admin() = 0;
  /// Stores the same password hashed anew; nothing happens if it was changed meanwhile.
  virtual task<result<void>> replace_hash(std::string user_id, std::string old_hash, std::string new_hash) = 0;
  /// Ends all sessions but `kept_session`. With `old_hash`, false and no change if that is no longer the hash.
  virtual task<result<bool>> change_password(std::string user_id, std::optional<std::string> old_hash,
                                             std::string new_hash, std::string kept_session, time_point now) = 0;
  /// Ends all sessions of the user, so that nothing goes on under the old role. Errors: not_found; conflict, for the
  /// last admin that is not disabled.
  virtual task<result<void>> set_role(std::string user_id, role to, time_point now) = 0;
  /// Disabling ends all sessions. Errors: as `set_role`.
  virtual task<result<void>> set_disabled(std::string user_id, bool to, time_point now) = 0;

  /// False, and none is begun, if the account is disabled or its hash is not `verified_hash` any more. Ends the user's
  /// oldest sessions past `sessions_max`.
  virtual task<result<bool>> begin_session(new_session made, std::string verified_hash, std::uint32_t sessions_max) = 0;
  virtual task<result<std::optional<refresh_record>>> find_refresh(std::string hash, time_point now) = 0;
  /// Uses the token of `hash` for the one of `next_hash`. `again` within `since`.
  virtual task<result<rotation>> rotate(std::string hash, std::string next_hash, time_point now, reuse_limits since,
                                        time_point expires_at) = 0;
  /// Who holds a session that has not ended.
  virtual task<result<std::optional<user>>> find_session(std::string session_id, time_point now) = 0;
  virtual task<result<void>> end_session(std::string user_id, std::string session_id, time_point now) = 0;
  virtual task<result<void>> end_session_of(std::string refresh_hash, time_point now) = 0;
  virtual task<result<void>> end_sessions(std::string user_id, time_point now) = 0;

  /// Errors: too_large, past `keys_max` of the user; not_found, for an unknown user.
  virtual task<result<void>> add_key(new_key made, std::uint32_t keys_max) = 0;
  virtual task<result<std::vector<api_key>>> list_keys(std::string user_id) = 0;
  /// Errors: not_found.
  virtual task<result<void>> remove_key(std::string user_id, std::string key_id, time_point now) = 0;
  struct key_owner {
    std::string key_id;
    user who;
  };
  /// Also of those who are disabled.
  virtual task<result<std::optional<key_owner>>> find_key(std::string hash) = 0;
  virtual task<result<std::optional<key_owner>>> find_key_by_id(std::string key_id) = 0;
  virtual task<result<void>> note_uses(std::vector<key_use> uses) = 0;

  virtual task<result<std::uint64_t>> newest_revocation() = 0;
  /// The newest that was made before `since`; 0 if there is none.
  virtual task<result<std::uint64_t>> newest_revocation_before(time_point since) = 0;
  /// In their order, at most `limit`.
  virtual task<result<std::vector<revocation>>> revocations_after(std::uint64_t number, std::uint32_t limit) = 0;

  /// Oldest first.
  virtual task<result<std::vector<stored_signing_key>>> signing_keys() = 0;
  /// Adds it unless there is one that was made after `newer_than`: of several who try at once, on any node, one does.
  virtual task<result<void>> add_signing_key(stored_signing_key made, time_point newer_than) = 0;

  /// Stores the private half of a key otherwise.
  virtual task<result<void>> replace_private_half(stored_signing_key key) = 0;

  struct expiry {
    time_point now;
    time_point revocations_before;
    time_point signing_keys_before;  ///< that of the oldest one whose tokens may still be good
  };
  /// Deletes what has run out.
  virtual task<result<void>> sweep(expiry at) = 0;
};

}  // namespace sluice::identity
