#include "door/account_api.hpp"

#include <span>

#include <boost/json.hpp>

#include "base/ids.hpp"
#include "base/timestamp.hpp"
#include "door/credentials.hpp"
#include "door/json_exchange.hpp"

namespace sluice::door {
namespace {

namespace json = boost::json;

task<std::shared_ptr<const principal>> admit(account_api uses, http::exchange& with) {
  auto who = co_await uses.door.authenticate(find_credential(with.request()));
  if (who) co_return std::move(*who);
  co_await with.respond_error(std::move(who.error()));
  co_return nullptr;
}

json::object describe(const identity::api_key& key) {
  json::object card{
      {"id", key.id}, {"name", key.name}, {"prefix", key.prefix}, {"created_at", format_timestamp(key.created_at)}};
  card["last_used_at"] = nullptr;
  if (key.last_used_at) card["last_used_at"] = format_timestamp(*key.last_used_at);
  return card;
}

task<> show_me(account_api uses, http::exchange& with) {
  const auto who = co_await admit(uses, with);
  if (!who) co_return;
  json::object me{{"user_id", who->user_id}, {"username", who->name}, {"role", who->role}, {"created_at", nullptr}};
  if (!who->fixed) {
    const auto found = co_await uses.people.find_user(who->user_id);
    if (!found) co_return co_await send_error(with, found.error());
    me["username"] = found->username;
    me["role"] = identity::to_string(found->role);
    me["created_at"] = format_timestamp(found->created_at);
  }
  co_await send_json(with, 200, std::move(me));
}

task<> change_password(account_api uses, http::exchange& with) {
  const auto who = co_await admit_session(uses, with);
  if (!who) co_return;
  const auto body = co_await read_json_object(with, uses.told.json, account_body_bytes_max);
  if (!body) co_return;
  auto before = required_text(*body, "old_password");
  if (!before) co_return co_await send_error(with, before.error());
  auto after = required_text(*body, "new_password");
  if (!after) co_return co_await send_error(with, after.error());
  const auto changed =
      co_await uses.people.change_password(who->user_id, who->session_id, secret_string(std::move(*before)),
                                           secret_string(std::move(*after)), origin_of(with.request()));
  if (!changed) co_return co_await send_error(with, changed.error());
  co_await send_nothing(with);
}

task<> list_keys(account_api uses, http::exchange& with) {
  const auto who = co_await admit_session(uses, with);
  if (!who) co_return;
  const auto keys = co_await uses.people.list_keys(who->user_id);
  if (!keys) co_return co_await send_error(with, keys.error());
  json::array list;
  for (const identity::api_key& key : *keys)
    list.push_back(describe(key));
  co_await send_json(with, 200, {{"keys", std::move(list)}});
}

task<> create_key(account_api uses, http::exchange& with) {
  const auto who = co_await admit_session(uses, with);
  if (!who) co_return;
  const auto body = co_await read_json_object(with, uses.told.json, account_body_bytes_max);
  if (!body) co_return;
  auto name = required_text(*body, "name");
  if (!name) co_return co_await send_error(with, name.error());
  const auto made = co_await uses.people.create_key(who->user_id, std::move(*name));
  if (!made) co_return co_await send_error(with, made.error());
  json::object card = describe(made->about);
  card.erase("last_used_at");
  card["key"] = made->key.reveal();
  co_await send_json(with, 201, std::move(card));
}

task<> revoke_key(account_api uses, http::exchange& with) {
  const auto who = co_await admit_session(uses, with);
  if (!who) co_return;
  const auto revoked = co_await uses.people.revoke_key(who->user_id, std::string(with.request().parameter("id")));
  if (!revoked) co_return co_await send_error(with, revoked.error());
  co_await send_nothing(with);
}

struct row {
  const char* method;
  const char* pattern;
  task<> (*handle)(account_api, http::exchange&);
};

constexpr row session_table[] = {
    {"POST", "/login", log_in},           {"POST", "/v1/auth/refresh", refresh_session},
    {"POST", "/v1/auth/logout", log_out}, {"POST", "/v1/auth/logout-all", log_out_everywhere},
    {"GET", "/v1/me", show_me},
};

constexpr row account_table[] = {
    {"POST", "/register", register_user}, {"PUT", "/v1/me/password", change_password}, {"GET", "/v1/keys", list_keys},
    {"POST", "/v1/keys", create_key},     {"DELETE", "/v1/keys/{id}", revoke_key},
};

void append(std::vector<http::route>& routes, std::span<const row> table, const account_api& uses) {
  for (const row& each : table) {
    routes.push_back({each.method, each.pattern, [uses, handle = each.handle](http::exchange& with) {
                        with.answer_headers().set("cache-control", "no-store");
                        return handle(uses, with);
                      }});
  }
}

}  // namespace

std::vector<http::route> account_routes(account_api uses) {
  std::vector<http::route> routes = session_routes(uses);
  append(routes, account_table, uses);
  return routes;
}

std::vector<http::route> session_routes(account_api uses) {
  std::vector<http::route> routes;
  append(routes, session_table, uses);
  return routes;
}

task<std::shared_ptr<const principal>> admit_session(account_api uses, http::exchange& with) {
  auto who = co_await admit(uses, with);
  if (!who || !who->session_id.empty()) co_return who;
  constexpr const char* fixed = "these credentials are fixed in the configuration: they have no account";
  constexpr const char* key = "an API key cannot change its account: sign in, and use the token";
  co_await with.respond_error({.reason = error_reason::permission_denied, .message = who->fixed ? fixed : key});
  co_return nullptr;
}

identity::origin origin_of(const http::request& asked) {
  return {.address = asked.client_address.to_string(), .request_id = asked.request_id, .trace = asked.trace};
}

}  // namespace sluice::door
