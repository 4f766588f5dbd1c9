// How a session begins, goes on and ends.
#include <boost/json.hpp>

#include "base/timestamp.hpp"
#include "door/account_api.hpp"
#include "door/credentials.hpp"
#include "door/field_reader.hpp"
#include "door/json_exchange.hpp"
#include "door/refresh_cookie.hpp"

namespace sluice::door {
namespace {

namespace json = boost::json;

result<identity::credentials> read_credentials(const json::object& body) {
  auto username = required_text(body, "username");
  if (!username) return std::unexpected(std::move(username.error()));
  auto password = required_text(body, "password");
  if (!password) return std::unexpected(std::move(password.error()));
  return identity::credentials{.username = std::move(*username), .password = secret_string(std::move(*password))};
}

json::object describe(const identity::tokens& given) {
  return {{"token", given.access_token.reveal()},
          {"username", given.who.username},
          {"role", identity::to_string(given.who.role)},
          {"expires_at", format_timestamp(given.expires_at)}};
}

void give_cookie(const account_api& uses, http::exchange& with, const identity::tokens& given) {
  const auto lifetime =
      std::chrono::ceil<std::chrono::seconds>(given.refresh_expires_at - std::chrono::system_clock::now());
  with.answer_headers().add("set-cookie", set_refresh_cookie(uses.told, with.request(), given.refresh_token, lifetime));
}

struct presented_token {
  secret_string token;
  bool by_cookie = false;
};

// Of the body, else of the cookie where that may speak.
result<presented_token> find_refresh_token(const account_api& uses, const http::request& asked,
                                           const json::object& body) {
  std::string token;
  field_reader fields(body, "");
  fields.text("refresh_token", token);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (!token.empty()) return presented_token{.token = secret_string(std::move(token)), .by_cookie = false};
  auto cookie = find_refresh_cookie(asked);
  if (!cookie) return failure(error_reason::unauthenticated, "nobody is signed in: there is no refresh token");
  if (auto allowed = check_cookie_use(uses.told, asked); !allowed) return std::unexpected(std::move(allowed.error()));
  return presented_token{.token = std::move(*cookie), .by_cookie = true};
}

}  // namespace

task<> register_user(account_api uses, http::exchange& with) {
  const auto body = co_await read_json_object(with, uses.told.json, account_body_bytes_max);
  if (!body) co_return;
  auto wanted = read_credentials(*body);
  if (!wanted) co_return co_await send_error(with, std::move(wanted.error()));
  const auto made = co_await uses.people.register_user(std::move(*wanted), origin_of(with.request()));
  if (!made) co_return co_await send_error(with, made.error());
  co_await send_json(with, 200, {{"user_id", made->id}, {"message", "the account is made: sign in with POST /login"}});
}

task<> log_in(account_api uses, http::exchange& with) {
  const auto body = co_await read_json_object(with, uses.told.json, account_body_bytes_max);
  if (!body) co_return;
  auto claimed = read_credentials(*body);
  if (!claimed) co_return co_await send_error(with, std::move(claimed.error()));
  const auto given = co_await uses.people.log_in(std::move(*claimed), origin_of(with.request()));
  if (!given) co_return co_await send_error(with, given.error());
  // Not for a page of another site, which would sign its visitor in as somebody else.
  if (comes_from_own_page(uses.told, with.request())) give_cookie(uses, with, *given);
  json::object answer = describe(*given);
  answer["refresh_token"] = given->refresh_token.reveal();
  co_await send_json(with, 200, std::move(answer));
}

task<> refresh_session(account_api uses, http::exchange& with) {
  const auto body = co_await read_json_object(with, uses.told.json, account_body_bytes_max);
  if (!body) co_return;
  auto presented = find_refresh_token(uses, with.request(), *body);
  if (!presented) co_return co_await send_error(with, std::move(presented.error()));
  const auto given = co_await uses.people.refresh(std::move(presented->token), origin_of(with.request()));
  if (!given) co_return co_await send_error(with, given.error());
  json::object answer = describe(*given);
  // What came by the cookie stays in it, out of reach of scripts.
  if (presented->by_cookie) {
    give_cookie(uses, with, *given);
  } else {
    answer["refresh_token"] = given->refresh_token.reveal();
  }
  co_await send_json(with, 200, std::move(answer));
}

// Ends the session of the access token and that of the refresh token, whichever is there; one that has run out is as
// good as signed out, as long as the other one is there.
task<> log_out(account_api uses, http::exchange& with) {
  const http::request& asked = with.request();
  const auto body = co_await read_json_object(with, uses.told.json, account_body_bytes_max);
  if (!body) co_return;
  auto presented = find_refresh_token(uses, asked, *body);
  const std::string_view credential = find_credential(asked);
  if (credential.empty() && !presented) co_return co_await send_error(with, std::move(presented.error()));
  if (!credential.empty()) {
    const auto who = co_await uses.door.authenticate(credential);
    if (!who && !presented) co_return co_await send_error(with, who.error());
    if (who && (*who)->session_id.empty() && !presented) {
      co_return co_await send_error(with, {.reason = error_reason::invalid_argument,
                                           .message = "an API key has no session to sign out of; delete the key"});
    }
    if (who && !(*who)->session_id.empty()) {
      const auto ended = co_await uses.people.log_out((*who)->user_id, (*who)->session_id);
      if (!ended) co_return co_await send_error(with, ended.error());
    }
  }
  if (presented) {
    const auto ended = co_await uses.people.log_out_by_refresh(std::move(presented->token));
    if (!ended) co_return co_await send_error(with, ended.error());
  }
  if (comes_from_own_page(uses.told, asked))
    with.answer_headers().add("set-cookie", clear_refresh_cookie(uses.told, asked));
  co_await send_nothing(with);
}

task<> log_out_everywhere(account_api uses, http::exchange& with) {
  const auto who = co_await admit_session(uses, with);
  if (!who) co_return;
  if (!co_await with.read_body(account_body_bytes_max)) co_return;
  const auto ended = co_await uses.people.log_out_everywhere(who->user_id);
  if (!ended) co_return co_await send_error(with, ended.error());
  if (comes_from_own_page(uses.told, with.request()))
    with.answer_headers().add("set-cookie", clear_refresh_cookie(uses.told, with.request()));
  co_await send_nothing(with);
}

}  // namespace sluice::door
