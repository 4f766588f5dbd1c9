#include "gateway/ws_tickets.hpp"

#include <boost/json.hpp>

#include "base/digest.hpp"
#include "base/ids.hpp"
#include "base/timestamp.hpp"
#include "door/account_api.hpp"
#include "door/credentials.hpp"
#include "door/json_exchange.hpp"

namespace sluice::gateway {

using namespace door;

namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr milliseconds lifetime{30'000};
constexpr std::size_t secret_bytes = 32;
// Of one user within a ticket's lifetime: a page needs one for each socket that it opens.
constexpr std::int64_t tickets_per_user_max = 256;

// Not the ticket itself: who can look into the state shall not be able to use it.
std::string key_of(std::string_view ticket) {
  return "ticket:" + sha256_hex(ticket);
}

std::string write(const principal& who) {
  json::object card{{"user_id", who.user_id},       {"name", who.name}, {"key_id", who.key_id},
                    {"session_id", who.session_id}, {"role", who.role}, {"fixed", who.fixed}};
  if (who.expires_at) card["expires_ms"] = std::chrono::floor<milliseconds>(who.expires_at->time_since_epoch()).count();
  return json::serialize(card);
}

// What `write` wrote; throws for anything else.
principal read(std::string_view text) {
  const json::value parsed = json::parse(text);
  const json::object& card = parsed.as_object();
  const auto at = [&card](const char* name) { return json::value_to<std::string>(card.at(name)); };
  principal who{.user_id = at("user_id"),
                .name = at("name"),
                .key_id = at("key_id"),
                .session_id = at("session_id"),
                .role = at("role")};
  who.fixed = card.at("fixed").as_bool();
  if (const auto* const expires = card.if_contains("expires_ms"))
    who.expires_at = system_clock::time_point(milliseconds(expires->to_number<std::int64_t>()));
  return who;
}

}  // namespace

task<result<ws_ticket>> ws_tickets::issue(const principal& who) {
  const auto issued = co_await state_.add("tickets-of:" + who.user_id, 1, lifetime);
  if (!issued) co_return std::unexpected(issued.error());
  if (*issued > tickets_per_user_max) {
    error refused{.reason = error_reason::rate_limited, .message = "too many tickets; use those that you have"};
    refused.retry_after = lifetime;
    co_return std::unexpected(std::move(refused));
  }
  ws_ticket made{.ticket = secret_string("wst_" + random_hex(secret_bytes)),
                 .expires_at = system_clock::now() + lifetime};
  const auto kept = co_await state_.put(key_of(made.ticket.reveal()), write(who), lifetime);
  if (!kept) co_return std::unexpected(kept.error());
  co_return made;
}

task<result<std::shared_ptr<const principal>>> ws_tickets::redeem(std::string_view ticket) {
  const auto kept = co_await state_.take(key_of(ticket));
  if (!kept) co_return std::unexpected(kept.error());
  if (!*kept) co_return failure(error_reason::unauthenticated, "this ticket is not valid, or was used already");
  co_return std::make_shared<const principal>(read(**kept));
}

namespace {

task<> give_ticket(ws_tickets& tickets, const admission& door, http::exchange& with) {
  with.answer_headers().set("cache-control", "no-store");
  const auto who = co_await door.authenticate(find_credential(with.request()));
  if (!who) co_return co_await send_error(with, who.error());
  if (!co_await with.read_body(account_body_bytes_max)) co_return;
  const auto made = co_await tickets.issue(**who);
  if (!made) co_return co_await send_error(with, made.error());
  co_await send_json(with, 201,
                     {{"ticket", made->ticket.reveal()}, {"expires_at", format_timestamp(made->expires_at)}});
}

}  // namespace

http::route ticket_route(ws_tickets& tickets, const door::admission& door) {
  return {"POST", "/v1/ws-tickets",
          [&tickets, &door](http::exchange& with) { return give_ticket(tickets, door, with); }};
}

}  // namespace sluice::gateway
