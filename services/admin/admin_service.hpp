// The administration's face: what admins see and do, whoever asks over whatever wire. Every action is audited.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/usage_reports.hpp"
#include "async/task.hpp"
#include "base/error.hpp"
#include "identity/user_administration.hpp"

namespace sluice::admin {

using time_point = std::chrono::system_clock::time_point;

/// Who acts, and from where.
struct actor {
  identity::identified who;
  bool fixed = false;  ///< by the configuration: it stands as long as the process
  identity::origin from;
};

enum class audit_outcome : std::uint8_t {
  begun,    ///< it was cut off: perhaps it was carried out
  done,     ///< and holds
  refused,  ///< and changed nothing
};

constexpr std::string_view to_string(audit_outcome value) {
  switch (value) {
    case audit_outcome::begun:
      return "begun";
    case audit_outcome::done:
      return "done";
    case audit_outcome::refused:
      return "refused";
  }
  return "begun";
}

struct audit_event {
  std::string id;  ///< aud_…
  time_point at;
  std::string actor_id;
  std::string actor_name;     ///< as it was then; so `target_name`
  std::string credential_id;  ///< the session or API key; empty: fixed
  std::string address;
  std::string request_id;
  std::string action;     ///< "user.create", …
  std::string target_id;  ///< of a user
  std::string target_name;
  std::string details;  ///< what was asked for, in words; never a secret
  audit_outcome outcome = audit_outcome::begun;
  std::string problem;  ///< why it was refused
};

struct list_audit_request {
  std::string actor_id;  ///< of this one only; empty: of all. So the next two
  std::string target_id;
  std::string action;
  std::string cursor;
  std::uint32_t limit = 50;  ///< 1 to 200
};

struct audit_page {
  std::vector<audit_event> events;  ///< newest first
  std::string next;                 ///< empty: that was all
};

/// One process of the system.
struct node {
  std::string id;
  std::string role;     ///< "gateway", "agent", …; "serve" for all in one
  std::string address;  ///< where it is reached
  std::string version;
  time_point started_at;
  std::optional<std::uint64_t> connections;  ///< open chat sockets; unset: it has none to count
  std::optional<std::uint64_t> generations;  ///< that are being written
};

/// All methods are called on a worker. Each first asks identity whether the actor may administrate by now. Errors
/// everywhere: unauthenticated; permission_denied, for who is no admin; unavailable with `retry_after`, where that, or
/// the audit log, or for what changes something shared state, cannot be asked. Errors of the administrated are those
/// of identity::user_administration and agent::usage_reports.
class service {
 public:
  virtual ~service() = default;

  virtual task<result<identity::user_page>> list_users(actor by, identity::list_users_request asked) = 0;
  virtual task<result<identity::user>> read_user(actor by, std::string user_id) = 0;
  virtual task<result<identity::created_user>> create_user(actor by, identity::new_user wanted) = 0;
  /// Errors: conflict, also for the actor himself.
  virtual task<result<identity::user>> set_role(actor by, std::string user_id, identity::role to) = 0;
  virtual task<result<identity::user>> set_disabled(actor by, std::string user_id, bool to) = 0;
  /// Errors: conflict, for the actor himself: who loses what is shown once has locked himself out.
  virtual task<result<secret_string>> reset_password(actor by, std::string user_id) = 0;
  virtual task<result<void>> end_sessions(actor by, std::string user_id) = 0;

  virtual task<result<std::vector<identity::api_key>>> list_keys(actor by, std::string user_id) = 0;
  virtual task<result<identity::created_key>> create_key(actor by, std::string user_id, std::string name) = 0;
  /// Errors: conflict, for the key that the actor uses at this moment.
  virtual task<result<void>> revoke_key(actor by, std::string user_id, std::string key_id) = 0;

  struct named_usage {
    agent::usage_report report;
    std::vector<identity::user> users;  ///< those of its rows that there still are
  };
  virtual task<result<named_usage>> report_usage(actor by, agent::usage_report_request asked) = 0;
  virtual task<result<std::vector<node>>> list_nodes(actor by) = 0;
  virtual task<result<audit_page>> list_audit(actor by, list_audit_request asked) = 0;
};

}  // namespace sluice::admin
