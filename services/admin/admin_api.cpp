#include "admin/admin_api.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "admin/admin_json.hpp"
#include "door/account_api.hpp"
#include "door/credentials.hpp"
#include "door/json_exchange.hpp"
#include "door/refresh_cookie.hpp"

namespace sluice::admin {
namespace {

namespace json = boost::json;

constexpr std::size_t body_bytes_max = std::size_t{16} * 1024;
constexpr std::uint32_t rows_per_page = 50;
constexpr int usage_days = 30;
constexpr std::chrono::seconds try_again{2};

// Says when to come back wherever that may help.
task<> refuse(http::exchange& with, error problem) {
  if (problem.reason == error_reason::unavailable && !problem.retry_after) problem.retry_after = try_again;
  co_await door::send_error(with, std::move(problem));
}

// Who asks, once the query and, for what changes something, the page that it comes from are fit; else the client has
// been answered. Credentials are always in the header, so no other site's page can use somebody's; the Origin is looked
// at all the same.
task<std::optional<actor>> admit(admin_api uses, http::exchange& with) {
  const http::request& asked = with.request();
  auto who = co_await uses.door.authenticate(door::find_credential(asked));
  if (!who) {
    co_await refuse(with, std::move(who.error()));
    co_return std::nullopt;
  }
  if (!asked.has_sound_query()) {
    co_await refuse(
        with, {.reason = error_reason::invalid_argument, .message = "the query is not valid percent-encoded UTF-8"});
    co_return std::nullopt;
  }
  const bool looks = asked.method == "GET" || asked.method == "HEAD";
  if (!looks && !door::comes_from_own_page(uses.told, asked)) {
    co_await refuse(
        with, {.reason = error_reason::permission_denied, .message = "pages of other origins cannot administrate"});
    co_return std::nullopt;
  }
  const door::principal& known = **who;
  co_return actor{.who = {.user_id = known.user_id,
                          .username = known.name,
                          .role = identity::parse_role(known.role).value_or(identity::role::user),
                          .session_id = known.session_id,
                          .key_id = known.key_id,
                          .expires_at = known.expires_at},
                  .fixed = known.fixed,
                  .from = door::origin_of(asked)};
}

std::string id_of(http::exchange& with) {
  return std::string(with.request().parameter("id"));
}

std::string text_of(const http::request& asked, std::string_view name) {
  return asked.query_parameter(name).value_or("");
}

result<std::optional<bool>> read_disabled(const http::request& asked) {
  const std::string text = text_of(asked, "disabled");
  if (text.empty()) return std::optional<bool>();
  if (text == "true" || text == "false") return std::optional(text == "true");
  return failure(error_reason::invalid_argument, "\"disabled\" must be true or false", "disabled");
}

result<std::optional<identity::role>> read_role(const std::string& text) {
  if (text.empty()) return std::optional<identity::role>();
  if (const auto role = identity::parse_role(text)) return role;
  return failure(error_reason::invalid_argument, "\"role\" must be \"user\" or \"admin\"", "role");
}

task<> list_users(admin_api uses, http::exchange& with) {
  auto by = co_await admit(uses, with);
  if (!by) co_return;
  const http::request& asked = with.request();
  const auto limit = door::read_limit(asked, rows_per_page);
  if (!limit) co_return co_await refuse(with, limit.error());
  const auto role = read_role(text_of(asked, "role"));
  if (!role) co_return co_await refuse(with, role.error());
  const auto disabled = read_disabled(asked);
  if (!disabled) co_return co_await refuse(with, disabled.error());
  identity::list_users_request wanted{
      .wanted = {.query = text_of(asked, "query"), .role = *role, .disabled = *disabled},
      .cursor = text_of(asked, "cursor"),
      .limit = *limit};
  const auto page = co_await uses.rules.list_users(std::move(*by), std::move(wanted));
  if (!page) co_return co_await refuse(with, page.error());
  json::array list;
  for (const identity::user& each : page->users)
    list.push_back(to_json(each));
  json::object body{{"users", std::move(list)}, {"next_cursor", door::cursor_or_null(page->next)}};
  co_await door::send_json(with, 200, std::move(body));
}

task<> create_user(admin_api uses, http::exchange& with) {
  auto by = co_await admit(uses, with);
  if (!by) co_return;
  const auto body = co_await door::read_json_object(with, uses.told.json, body_bytes_max);
  if (!body) co_return;
  auto username = door::required_text(*body, "username");
  if (!username) co_return co_await refuse(with, username.error());
  std::string rank = "user";
  std::string password;
  door::field_reader fields(*body, "");
  fields.text("role", rank);
  fields.text("password", password);
  if (fields.problem()) co_return co_await refuse(with, *fields.problem());
  const auto role = read_role(rank);
  if (!role) co_return co_await refuse(with, role.error());
  identity::new_user wanted{.username = std::move(*username),
                            .password = secret_string(std::move(password)),
                            .role = role->value_or(identity::role::user)};
  const auto made = co_await uses.rules.create_user(std::move(*by), std::move(wanted));
  if (!made) co_return co_await refuse(with, made.error());
  json::object card = to_json(made->who);
  card["password"] = nullptr;
  if (!made->password.empty()) card["password"] = made->password.reveal();
  co_await door::send_json(with, 201, std::move(card));
}

task<> read_user(admin_api uses, http::exchange& with) {
  auto by = co_await admit(uses, with);
  if (!by) co_return;
  const auto who = co_await uses.rules.read_user(std::move(*by), id_of(with));
  if (!who) co_return co_await refuse(with, who.error());
  co_await door::send_json(with, 200, to_json(*who));
}

// One thing at a time, so that each has its own record and none is half done.
task<> change_user(admin_api uses, http::exchange& with) {
  auto by = co_await admit(uses, with);
  if (!by) co_return;
  const auto body = co_await door::read_json_object(with, uses.told.json, body_bytes_max);
  if (!body) co_return;
  std::string rank;
  std::optional<bool> disabled;
  door::field_reader fields(*body, "");
  fields.text("role", rank);
  fields.boolean("disabled", disabled);
  if (fields.problem()) co_return co_await refuse(with, *fields.problem());
  const auto role = read_role(rank);
  if (!role) co_return co_await refuse(with, role.error());
  if (role->has_value() == disabled.has_value()) {
    co_return co_await refuse(with, {.reason = error_reason::invalid_argument,
                                     .message = "say what is to change: either \"role\" or \"disabled\"",
                                     .param = "role"});
  }
  auto change = *role ? uses.rules.set_role(std::move(*by), id_of(with), **role)
                      : uses.rules.set_disabled(std::move(*by), id_of(with), *disabled);
  const auto who = co_await std::move(change);
  if (!who) co_return co_await refuse(with, who.error());
  co_await door::send_json(with, 200, to_json(*who));
}

task<> reset_password(admin_api uses, http::exchange& with) {
  auto by = co_await admit(uses, with);
  if (!by || !co_await with.read_body(body_bytes_max)) co_return;
  const auto password = co_await uses.rules.reset_password(std::move(*by), id_of(with));
  if (!password) co_return co_await refuse(with, password.error());
  co_await door::send_json(with, 200, {{"password", password->reveal()}});
}

task<> end_sessions(admin_api uses, http::exchange& with) {
  auto by = co_await admit(uses, with);
  if (!by || !co_await with.read_body(body_bytes_max)) co_return;
  const auto ended = co_await uses.rules.end_sessions(std::move(*by), id_of(with));
  if (!ended) co_return co_await refuse(with, ended.error());
  co_await door::send_nothing(with);
}

task<> list_keys(admin_api uses, http::exchange& with) {
  auto by = co_await admit(uses, with);
  if (!by) co_return;
  const auto keys = co_await uses.rules.list_keys(std::move(*by), id_of(with));
  if (!keys) co_return co_await refuse(with, keys.error());
  json::array list;
  for (const identity::api_key& each : *keys)
    list.push_back(to_json(each));
  co_await door::send_json(with, 200, {{"keys", std::move(list)}});
}

task<> create_key(admin_api uses, http::exchange& with) {
  auto by = co_await admit(uses, with);
  if (!by) co_return;
  const auto body = co_await door::read_json_object(with, uses.told.json, body_bytes_max);
  if (!body) co_return;
  auto name = door::required_text(*body, "name");
  if (!name) co_return co_await refuse(with, name.error());
  const auto made = co_await uses.rules.create_key(std::move(*by), id_of(with), std::move(*name));
  if (!made) co_return co_await refuse(with, made.error());
  json::object card = to_json(made->about);
  card["key"] = made->key.reveal();
  co_await door::send_json(with, 201, std::move(card));
}

task<> revoke_key(admin_api uses, http::exchange& with) {
  auto by = co_await admit(uses, with);
  if (!by) co_return;
  std::string key_id(with.request().parameter("key_id"));
  const auto revoked = co_await uses.rules.revoke_key(std::move(*by), id_of(with), std::move(key_id));
  if (!revoked) co_return co_await refuse(with, revoked.error());
  co_await door::send_nothing(with);
}

result<std::vector<agent::usage_grouping>> read_groupings(std::string_view list) {
  std::vector<agent::usage_grouping> by;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    const std::string_view name = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (name == "day") {
      by.push_back(agent::usage_grouping::day);
    } else if (name == "user") {
      by.push_back(agent::usage_grouping::user);
    } else if (name == "model") {
      by.push_back(agent::usage_grouping::model);
    } else if (name == "provider") {
      by.push_back(agent::usage_grouping::provider);
    } else {
      return failure(error_reason::invalid_argument,
                     "\"by\" must be a list, with commas, of \"day\", \"user\", \"model\" and \"provider\"", "by");
    }
    if (by.size() > 4) return failure(error_reason::invalid_argument, "\"by\" names something twice", "by");
  }
  return by;
}

task<> read_usage(admin_api uses, http::exchange& with) {
  auto by = co_await admit(uses, with);
  if (!by) co_return;
  const http::request& asked = with.request();
  auto groupings = read_groupings(asked.query_parameter("by").value_or("day"));
  if (!groupings) co_return co_await refuse(with, groupings.error());
  agent::usage_report_request wanted{
      .from = asked.query_parameter("from").value_or(door::day_before_today(usage_days - 1)),
      .to = asked.query_parameter("to").value_or(door::day_before_today(0)),
      .by = std::move(*groupings),
      .user_id = text_of(asked, "user_id"),
      .model = text_of(asked, "model"),
      .provider = text_of(asked, "provider")};
  const auto used = co_await uses.rules.report_usage(std::move(*by), wanted);
  if (!used) co_return co_await refuse(with, used.error());
  co_await door::send_json(with, 200, to_json(*used, wanted));
}

task<> list_nodes(admin_api uses, http::exchange& with) {
  auto by = co_await admit(uses, with);
  if (!by) co_return;
  const auto nodes = co_await uses.rules.list_nodes(std::move(*by));
  if (!nodes) co_return co_await refuse(with, nodes.error());
  json::array list;
  for (const node& each : *nodes)
    list.push_back(to_json(each));
  co_await door::send_json(with, 200, {{"nodes", std::move(list)}});
}

task<> list_audit(admin_api uses, http::exchange& with) {
  auto by = co_await admit(uses, with);
  if (!by) co_return;
  const http::request& asked = with.request();
  const auto limit = door::read_limit(asked, rows_per_page);
  if (!limit) co_return co_await refuse(with, limit.error());
  list_audit_request wanted{.actor_id = text_of(asked, "actor_id"),
                            .target_id = text_of(asked, "target_id"),
                            .action = text_of(asked, "action"),
                            .cursor = text_of(asked, "cursor"),
                            .limit = *limit};
  const auto page = co_await uses.rules.list_audit(std::move(*by), std::move(wanted));
  if (!page) co_return co_await refuse(with, page.error());
  json::array list;
  for (const audit_event& each : page->events)
    list.push_back(to_json(each));
  json::object body{{"events", std::move(list)}, {"next_cursor", door::cursor_or_null(page->next)}};
  co_await door::send_json(with, 200, std::move(body));
}

struct row {
  const char* method;
  const char* path;  // behind /admin/api/v1
  task<> (*handle)(admin_api, http::exchange&);
};

constexpr row table[] = {
    {"GET", "/users", list_users},
    {"POST", "/users", create_user},
    {"GET", "/users/{id}", read_user},
    {"PATCH", "/users/{id}", change_user},
    {"POST", "/users/{id}/password", reset_password},
    {"POST", "/users/{id}/logout", end_sessions},
    {"GET", "/users/{id}/keys", list_keys},
    {"POST", "/users/{id}/keys", create_key},
    {"DELETE", "/users/{id}/keys/{key_id}", revoke_key},
    {"GET", "/usage", read_usage},
    {"GET", "/nodes", list_nodes},
    {"GET", "/audit", list_audit},
};

}  // namespace

std::vector<http::route> admin_routes(admin_api uses) {
  std::vector<http::route> routes;
  for (const row& each : table) {
    routes.push_back(
        {each.method, fmt::format("/admin/api/v1{}", each.path), [uses, handle = each.handle](http::exchange& with) {
           with.answer_headers().set("cache-control", "no-store");
           return handle(uses, with);
         }});
  }
  return routes;
}

}  // namespace sluice::admin
