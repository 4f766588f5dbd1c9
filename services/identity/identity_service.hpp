// Identity's face: who people are, how they prove it, and when that ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.hpp"
#include "base/error.hpp"
#include "base/secret_string.hpp"
#include "telemetry/trace_context.hpp"

namespace sluice::identity {

using time_point = std::chrono::system_clock::time_point;

enum class role : std::uint8_t { user, admin };

constexpr std::string_view to_string(role value) {
  return value == role::admin ? "admin" : "user";
}

constexpr std::optional<role> parse_role(std::string_view text) {
  if (text == "admin") return role::admin;
  if (text == "user") return role::user;
  return std::nullopt;
}

struct user {
  std::string id;  ///< usr_…
  std::string username;
  role role = role::user;
  bool disabled = false;
  time_point created_at;
};

/// Where a request comes from; for throttling, the audit log and traces.
struct origin {
  std::string address;  ///< the client's, behind trusted proxies
  std::string request_id;
  telemetry::trace_context trace = {};
};

struct credentials {
  std::string username;
  secret_string password;
};

/// What a sign-in or a refresh gives.
struct tokens {
  secret_string access_token;
  secret_string refresh_token;
  time_point expires_at;  ///< of the access token
  time_point refresh_expires_at;
  std::string session_id;  ///< ses_…; lives over all refreshes until it is signed out or runs out
  user who;
};

/// Whom a credential stands for.
struct identified {
  std::string user_id;
  std::string username;
  role role = role::user;
  std::string session_id;  ///< of a token; else empty
  std::string key_id;      ///< of an API key; else empty
  std::optional<time_point> expires_at;
};

struct api_key {
  std::string id;  ///< key_…
  std::string name;
  std::string prefix;  ///< the visible beginning of the key
  time_point created_at;
  std::optional<time_point> last_used_at;
};

struct created_key {
  api_key about;
  secret_string key;  ///< sk-slc-…; never to be had again
};

/// Something no longer stands. Empty ids match everything of the user: all sessions and all keys. Signing out
/// everywhere comes as one revocation for each session.
struct revocation {
  std::uint64_t number = 0;
  std::string user_id;
  std::string session_id;
  std::string key_id;
};

struct revocation_batch {
  std::uint64_t last = 0;  ///< ask for what comes after it next
  std::vector<revocation> revoked;
};

/// Held as the object itself (one process) or as a client of the wire (separate roles); callers cannot tell which.
/// All methods are called on a worker. `rate_limited` carries `retry_after`; a database that is away is `unavailable`.
class service {
 public:
  virtual ~service() = default;

  /// Errors: conflict (the name, or one that looks the same, is taken), invalid_argument (name or password, with
  /// `param`), permission_denied (registration is closed), rate_limited.
  virtual task<result<user>> register_user(credentials wanted, origin from) = 0;
  /// Errors: unauthenticated, with the same words and after the same time for an unknown user, a wrong password and a
  /// disabled account; rate_limited.
  virtual task<result<tokens>> log_in(credentials given, origin from) = 0;
  /// Rotates: the given token is good for one refresh. A second use of it ends the session (reuse detection).
  virtual task<result<tokens>> refresh(secret_string refresh_token, origin from) = 0;
  /// Ends one session of the user. Ending one that has ended changes nothing.
  virtual task<result<void>> log_out(std::string user_id, std::string session_id) = 0;
  /// Ends the session that a refresh token belongs to, for a client whose access token has run out.
  virtual task<result<void>> log_out_by_refresh(secret_string refresh_token) = 0;
  /// Ends all sessions of a user. API keys stay.
  virtual task<result<void>> log_out_everywhere(std::string user_id) = 0;

  /// Whom an access token or API key stands for. Answered from memory where it was seen before and nothing was revoked.
  /// Errors: unauthenticated, which does not say what was wrong with it.
  virtual task<result<identified>> identify(secret_string credential) = 0;
  /// Whether what a socket was opened with still stands, by now: unauthenticated if not.
  virtual task<result<void>> still_stands(identified who) = 0;

  virtual task<result<user>> find_user(std::string user_id) = 0;
  /// Checks the old password as `log_in` does; ends all other sessions. Errors: permission_denied, with `old_password`
  /// as `param`, if that is wrong; invalid_argument on `new_password`; rate_limited.
  virtual task<result<void>> change_password(std::string user_id, std::string session_id, secret_string old_password,
                                             secret_string new_password, origin from) = 0;

  virtual task<result<std::vector<api_key>>> list_keys(std::string user_id) = 0;
  /// Errors: invalid_argument (name), too_large (as many keys as one may have).
  virtual task<result<created_key>> create_key(std::string user_id, std::string name) = 0;
  /// Errors: not_found (also for somebody else's).
  virtual task<result<void>> revoke_key(std::string user_id, std::string key_id) = 0;

  /// What was revoked after number `after`: at once if there is some, else as soon as there is, at the latest after
  /// `patience` (then an empty batch). A log, and its reader a cursor. `after` 0 begins with what comes from now on.
  virtual task<result<revocation_batch>> follow_revocations(std::uint64_t after,
                                                            std::chrono::milliseconds patience) = 0;
};

}  // namespace sluice::identity
