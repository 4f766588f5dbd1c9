// The administration's rules: who may, what is audited, and that nobody locks himself out.
#pragma once

#include <functional>
#include <string>

#include "admin/admin_service.hpp"
#include "admin/audit_log.hpp"
#include "admin/node_list.hpp"
#include "state/shared_state.hpp"

namespace sluice::admin {

/// Told of what happens, on whatever worker; for metrics and logs.
class observer {
 public:
  virtual ~observer() = default;
  /// An action that was audited has come to its end, well or not.
  virtual void on_action(const audit_event& event) = 0;
  /// What became of an action could not be written: its record stays `begun`.
  virtual void on_unrecorded(const audit_event& event, const error& why) = 0;
};

/// Any worker; what it is given outlives it.
class admin final : public service {
 public:
  admin(identity::user_administration& people, agent::usage_reports& usage, node_list& nodes, audit_log& audit,
        state::shared_state& state, std::function<time_point()> now, observer& watcher);

  task<result<identity::user_page>> list_users(actor by, identity::list_users_request asked) override;
  task<result<identity::user>> read_user(actor by, std::string user_id) override;
  task<result<identity::created_user>> create_user(actor by, identity::new_user wanted) override;
  task<result<identity::user>> set_role(actor by, std::string user_id, identity::role to) override;
  task<result<identity::user>> set_disabled(actor by, std::string user_id, bool to) override;
  task<result<secret_string>> reset_password(actor by, std::string user_id) override;
  task<result<void>> end_sessions(actor by, std::string user_id) override;
  task<result<std::vector<identity::api_key>>> list_keys(actor by, std::string user_id) override;
  task<result<identity::created_key>> create_key(actor by, std::string user_id, std::string name) override;
  task<result<void>> revoke_key(actor by, std::string user_id, std::string key_id) override;
  task<result<named_usage>> report_usage(actor by, agent::usage_report_request asked) override;
  task<result<std::vector<node>>> list_nodes(actor by) override;
  task<result<audit_page>> list_audit(actor by, list_audit_request asked) override;

 private:
  /// Whether he may look; whether he may change something of that user.
  task<result<void>> let_look(actor by);
  task<result<void>> let_act(actor by);
  task<result<identity::user>> find(std::string user_id);
  task<result<identity::user>> let_act_on(actor by, std::string user_id);
  audit_event make_event(const actor& by, std::string action, std::string details) const;
  audit_event make_event(const actor& by, const identity::user& target, std::string action, std::string details) const;
  /// Carries the action out between the two halves of its record.
  template <class T>
  task<result<T>> audited(audit_event event, task<result<T>> action);

  identity::user_administration& people_;
  agent::usage_reports& usage_;
  node_list& nodes_;
  audit_log& audit_;
  state::shared_state& state_;
  std::function<time_point()> now_;
  observer& observer_;
};

}  // namespace sluice::admin
