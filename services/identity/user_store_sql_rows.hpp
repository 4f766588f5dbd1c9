// How the SQL files of the user store read and write what they share.
#pragma once

#include <string>

#include <soci/soci.h>

#include "identity/user_store.hpp"

namespace sluice::identity {

/// Times are stored as milliseconds since 1970.
inline long long to_sql(time_point at) {
  return std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch().count();
}
inline time_point from_sql(long long ms) {
  return time_point(std::chrono::milliseconds(ms));
}

/// What `user_columns` selects, in that order.
struct user_row {
  std::string id;
  std::string username;
  std::string role;
  long long disabled = 0;
  long long created_at = 0;

  user read() const {
    return {.id = id,
            .username = username,
            .role = parse_role(role).value_or(role::user),
            .disabled = disabled != 0,
            .created_at = from_sql(created_at)};
  }
};
inline const std::string user_columns = "u.id, u.username, u.role, u.disabled, u.created_at";

/// Runs a statement that changes rows and returns how many it changed.
template <class... Used>
long long change(soci::session& sql, const std::string& statement, const Used&... used) {
  soci::statement prepared(sql);
  (prepared.exchange(soci::use(used)), ...);
  prepared.alloc();
  prepared.prepare(statement);
  prepared.define_and_bind();
  prepared.execute(true);
  return prepared.get_affected_rows();
}

/// Nobody else changes the user, or relies on what the user is, until this transaction ends. Before what it holds:
/// those that lock in the same order (user, session, refresh tokens, revocations) do not wait for each other in a
/// circle.
inline void lock_user(soci::session& sql, const std::string& user_id) {
  change(sql, "UPDATE users SET id = id WHERE id = :id", user_id);
}

/// Writes down that something no longer stands, under the next number.
void revoke(soci::session& sql, const std::string& user_id, const std::string& session_id, const std::string& key_id,
            time_point now);
/// Deletes the session and its refresh tokens; does nothing if it has ended.
void end_one_session(soci::session& sql, const std::string& user_id, const std::string& session_id, time_point now);
/// The same for all sessions of the user but `kept`.
void end_all_sessions(soci::session& sql, const std::string& user_id, const std::string& kept, time_point now);

}  // namespace sluice::identity
