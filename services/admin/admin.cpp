#include "admin/admin.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/ids.hpp"

namespace sluice::admin {
namespace {

constexpr std::uint32_t audit_page_max = 200;
constexpr std::size_t action_bytes_max = 64;
constexpr std::size_t id_bytes_max = 128;

template <class T>
task<result<T>> refuse(error_reason reason, std::string message) {
  co_return failure(reason, std::move(message));
}

// What a failed action left as it was. After anything else nobody knows: an answer may have been lost on its way.
bool is_refusal(error_reason reason) {
  switch (reason) {
    case error_reason::invalid_argument:
    case error_reason::unauthenticated:
    case error_reason::permission_denied:
    case error_reason::not_found:
    case error_reason::conflict:
    case error_reason::too_large:
    case error_reason::unsupported_media_type:
    case error_reason::rate_limited:
    case error_reason::not_implemented:
      return true;
    case error_reason::cancelled:
    case error_reason::internal:
    case error_reason::bad_gateway:
    case error_reason::unavailable:
    case error_reason::timed_out:
      return false;
  }
  return false;
}

// Who was acted on, where that is known only by now.
void note_target(audit_event& event, const identity::created_user& made) {
  event.target_id = made.who.id;
  event.target_name = made.who.username;
}
void note_target(audit_event&, const auto&) {}

bool is_himself(const actor& by, const identity::user& target) {
  return !by.fixed && by.who.user_id == target.id;
}

}  // namespace

admin::admin(identity::user_administration& people, agent::usage_reports& usage, node_list& nodes, audit_log& audit,
             state::shared_state& state, std::function<time_point()> now, observer& watcher)
    : people_(people),
      usage_(usage),
      nodes_(nodes),
      audit_(audit),
      state_(state),
      now_(std::move(now)),
      observer_(watcher) {}

task<result<void>> admin::let_look(actor by) {
  if (!by.fixed) co_return co_await people_.may_administrate(std::move(by.who));
  if (by.who.role == identity::role::admin) co_return result<void>();
  co_return failure(error_reason::permission_denied, "this is for admins only");
}

// What is revoked is announced through shared state: an action that other nodes would not hear of is not begun.
task<result<void>> admin::let_act(actor by) {
  if (auto allowed = co_await let_look(std::move(by)); !allowed) co_return allowed;
  const auto reached = co_await state_.add("admin:reachable", 0, std::chrono::seconds(1));
  if (!reached) co_return std::unexpected(reached.error());
  co_return result<void>();
}

task<result<identity::user>> admin::find(std::string user_id) {
  if (is_id("usr", user_id)) {
    std::vector<std::string> ids{std::move(user_id)};
    auto found = co_await people_.find_users(std::move(ids));
    if (!found) co_return std::unexpected(std::move(found.error()));
    if (!found->empty()) co_return std::move(found->front());
  }
  co_return failure(error_reason::not_found, "there is no such user");
}

task<result<identity::user>> admin::let_act_on(actor by, std::string user_id) {
  if (auto allowed = co_await let_act(std::move(by)); !allowed) co_return std::unexpected(std::move(allowed.error()));
  co_return co_await find(std::move(user_id));
}

audit_event admin::make_event(const actor& by, std::string action, std::string details) const {
  const time_point now = now_();
  return {.id = make_id("aud", now),
          .at = now,
          .actor_id = by.who.user_id,
          .actor_name = by.who.username,
          .credential_id = by.who.session_id.empty() ? by.who.key_id : by.who.session_id,
          .address = by.from.address,
          .request_id = by.from.request_id,
          .action = std::move(action),
          .details = std::move(details)};
}

audit_event admin::make_event(const actor& by, const identity::user& target, std::string action,
                              std::string details) const {
  audit_event made = make_event(by, std::move(action), std::move(details));
  made.target_id = target.id;
  made.target_name = target.username;
  return made;
}

template <class T>
task<result<T>> admin::audited(audit_event event, task<result<T>> action) {
  if (auto begun = co_await audit_.begin(event); !begun) co_return std::unexpected(std::move(begun.error()));
  result<T> done = co_await std::move(action);
  if (done) {
    event.outcome = audit_outcome::done;
    if constexpr (!std::is_void_v<T>) note_target(event, *done);
  } else {
    event.problem = done.error().message;
    if (is_refusal(done.error().reason)) event.outcome = audit_outcome::refused;
  }
  observer_.on_action(event);
  if (const auto written = co_await audit_.end(event); !written) observer_.on_unrecorded(event, written.error());
  co_return done;
}

task<result<identity::user_page>> admin::list_users(actor by, identity::list_users_request asked) {
  if (auto allowed = co_await let_look(std::move(by)); !allowed) co_return std::unexpected(std::move(allowed.error()));
  co_return co_await people_.list_users(std::move(asked));
}

task<result<identity::user>> admin::read_user(actor by, std::string user_id) {
  if (auto allowed = co_await let_look(std::move(by)); !allowed) co_return std::unexpected(std::move(allowed.error()));
  co_return co_await find(std::move(user_id));
}

task<result<identity::created_user>> admin::create_user(actor by, identity::new_user wanted) {
  if (auto allowed = co_await let_act(by); !allowed) co_return std::unexpected(std::move(allowed.error()));
  audit_event event = make_event(by, "user.create", fmt::format("role {}", to_string(wanted.role)));
  co_return co_await audited(std::move(event), people_.create_user(std::move(wanted)));
}

task<result<identity::user>> admin::set_role(actor by, std::string user_id, identity::role to) {
  const auto target = co_await let_act_on(by, std::move(user_id));
  if (!target) co_return target;
  audit_event event = make_event(by, *target, "user.set_role", fmt::format("role {}", to_string(to)));
  if (is_himself(by, *target) && to != target->role) {
    co_return co_await audited(
        std::move(event),
        refuse<identity::user>(error_reason::conflict, "you cannot take your own role: another admin has to do it"));
  }
  co_return co_await audited(std::move(event), people_.set_role(target->id, to));
}

task<result<identity::user>> admin::set_disabled(actor by, std::string user_id, bool to) {
  const auto target = co_await let_act_on(by, std::move(user_id));
  if (!target) co_return target;
  audit_event event = make_event(by, *target, to ? "user.disable" : "user.enable", {});
  if (is_himself(by, *target) && to) {
    co_return co_await audited(
        std::move(event),
        refuse<identity::user>(error_reason::conflict, "you cannot disable yourself: another admin has to do it"));
  }
  co_return co_await audited(std::move(event), people_.set_disabled(target->id, to));
}

task<result<secret_string>> admin::reset_password(actor by, std::string user_id) {
  const auto target = co_await let_act_on(by, std::move(user_id));
  if (!target) co_return std::unexpected(target.error());
  audit_event event = make_event(by, *target, "user.reset_password", {});
  if (is_himself(by, *target)) {
    co_return co_await audited(
        std::move(event),
        refuse<secret_string>(error_reason::conflict,
                              "you would be signed out: change your own password in your settings instead"));
  }
  co_return co_await audited(std::move(event), people_.reset_password(target->id));
}

task<result<void>> admin::end_sessions(actor by, std::string user_id) {
  const auto target = co_await let_act_on(by, std::move(user_id));
  if (!target) co_return std::unexpected(target.error());
  audit_event event = make_event(by, *target, "user.sign_out", {});
  co_return co_await audited(std::move(event), people_.end_sessions(target->id));
}

task<result<std::vector<identity::api_key>>> admin::list_keys(actor by, std::string user_id) {
  if (auto allowed = co_await let_look(std::move(by)); !allowed) co_return std::unexpected(std::move(allowed.error()));
  co_return co_await people_.list_keys_of(std::move(user_id));
}

task<result<identity::created_key>> admin::create_key(actor by, std::string user_id, std::string name) {
  const auto target = co_await let_act_on(by, std::move(user_id));
  if (!target) co_return std::unexpected(target.error());
  audit_event event = make_event(by, *target, "key.create", {});
  co_return co_await audited(std::move(event), people_.create_key_for(target->id, std::move(name)));
}

task<result<void>> admin::revoke_key(actor by, std::string user_id, std::string key_id) {
  const auto target = co_await let_act_on(by, std::move(user_id));
  if (!target) co_return std::unexpected(target.error());
  if (!is_id("key", key_id)) co_return failure(error_reason::not_found, "there is no such key");
  audit_event event = make_event(by, *target, "key.revoke", key_id);
  if (key_id == by.who.key_id) {
    co_return co_await audited(
        std::move(event),
        refuse<void>(error_reason::conflict, "this is the key that you are using: revoke it with another one"));
  }
  co_return co_await audited(std::move(event), people_.revoke_key_of(target->id, std::move(key_id)));
}

task<result<service::named_usage>> admin::report_usage(actor by, agent::usage_report_request asked) {
  if (auto allowed = co_await let_look(std::move(by)); !allowed) co_return std::unexpected(std::move(allowed.error()));
  auto report = co_await usage_.report_usage(std::move(asked));
  if (!report) co_return std::unexpected(std::move(report.error()));
  named_usage made{.report = std::move(*report), .users = {}};
  std::vector<std::string> ids;
  for (const agent::usage_report_row& row : made.report.rows) {
    if (!row.user_id.empty()) ids.push_back(row.user_id);
  }
  std::ranges::sort(ids);
  const auto twice = std::ranges::unique(ids);
  ids.erase(twice.begin(), twice.end());
  for (std::size_t at = 0; at < ids.size(); at += identity::users_per_page_max) {
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(at);
    std::vector<std::string> some(begin, begin + static_cast<std::ptrdiff_t>(std::min<std::size_t>(
                                                     identity::users_per_page_max, ids.size() - at)));
    auto found = co_await people_.find_users(std::move(some));
    if (!found) co_return std::unexpected(std::move(found.error()));
    std::ranges::move(*found, std::back_inserter(made.users));
  }
  co_return made;
}

task<result<std::vector<node>>> admin::list_nodes(actor by) {
  if (auto allowed = co_await let_look(std::move(by)); !allowed) co_return std::unexpected(std::move(allowed.error()));
  co_return co_await nodes_.list();
}

task<result<audit_page>> admin::list_audit(actor by, list_audit_request asked) {
  if (auto allowed = co_await let_look(std::move(by)); !allowed) co_return std::unexpected(std::move(allowed.error()));
  if (asked.limit < 1 || asked.limit > audit_page_max) {
    co_return failure(error_reason::invalid_argument, fmt::format("\"limit\" must be between 1 and {}", audit_page_max),
                      "limit");
  }
  if (!asked.cursor.empty() && !is_id("aud", asked.cursor)) {
    co_return failure(error_reason::invalid_argument, "\"cursor\" is not one that a page has ended with", "cursor");
  }
  if (asked.actor_id.size() > id_bytes_max || asked.target_id.size() > id_bytes_max ||
      asked.action.size() > action_bytes_max) {
    co_return audit_page();  // there is nothing so long
  }
  const std::uint32_t limit = asked.limit;
  auto listed = co_await audit_.list(std::move(asked));
  if (!listed) co_return std::unexpected(std::move(listed.error()));
  audit_page page{.events = std::move(*listed), .next = {}};
  if (page.events.size() > limit) {
    page.events.pop_back();
    page.next = page.events.back().id;
  }
  co_return page;
}

}  // namespace sluice::admin
