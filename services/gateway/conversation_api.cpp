#include "gateway/conversation_api.hpp"

#include <charconv>

#include <boost/json.hpp>
#include <fmt/chrono.h>

#include "door/credentials.hpp"
#include "door/field_reader.hpp"
#include "door/json_exchange.hpp"
#include "gateway/conversation_json.hpp"

namespace sluice::gateway {

using namespace door;

namespace {

namespace json = boost::json;

constexpr std::size_t body_bytes_max = std::size_t{16} * 1024;
constexpr std::uint32_t conversations_per_page = 50;
constexpr std::uint32_t messages_per_page = 200;
constexpr int usage_days = 30;  // where it is not said from when

std::string id_of(const http::exchange& with) {
  return std::string(with.request().parameter("id"));
}

result<bool> read_archived(const http::request& asked) {
  const std::string text = asked.query_parameter("archived").value_or("false");
  if (text == "true") return true;
  if (text == "false") return false;
  return failure(error_reason::invalid_argument, "\"archived\" must be true or false", "archived");
}

task<> list_conversations(conversation_api uses, http::exchange& with) {
  const auto who = co_await admit_reader(uses, with);
  if (!who) co_return;
  const http::request& asked = with.request();
  const auto limit = read_limit(asked, conversations_per_page);
  if (!limit) co_return co_await send_error(with, limit.error());
  const auto archived = read_archived(asked);
  if (!archived) co_return co_await send_error(with, archived.error());
  agent::list_conversations_request wanted{.query = asked.query_parameter("query").value_or(""),
                                           .archived = *archived,
                                           .cursor = asked.query_parameter("cursor").value_or(""),
                                           .limit = *limit};
  const auto page = co_await uses.stored.list_conversations(who->caller(), std::move(wanted));
  if (!page) co_return co_await send_error(with, page.error());
  json::array list;
  for (const agent::conversation_card& card : page->conversations)
    list.push_back(to_json(card));
  json::object body{{"conversations", std::move(list)}, {"next_cursor", cursor_or_null(page->next)}};
  co_await send_json(with, 200, std::move(body));
}

task<> read_conversation(conversation_api uses, http::exchange& with) {
  const auto who = co_await admit_reader(uses, with);
  if (!who) co_return;
  const auto limit = read_limit(with.request(), messages_per_page);
  if (!limit) co_return co_await send_error(with, limit.error());
  const auto tree = co_await uses.stored.read_conversation(
      who->caller(), id_of(with), with.request().query_parameter("cursor").value_or(""), *limit);
  if (!tree) co_return co_await send_error(with, tree.error());
  json::object body = to_json(tree->about);
  json::array& list = body["messages"].emplace_array();
  for (const agent::stored_message& one : tree->messages)
    list.push_back(to_json(one));
  body["next_cursor"] = cursor_or_null(tree->next);
  co_await send_json(with, 200, std::move(body));
}

task<> change_conversation(conversation_api uses, http::exchange& with) {
  const auto who = co_await admit_reader(uses, with);
  if (!who) co_return;
  const auto body = co_await read_json_object(with, uses.told.dialogue.json, body_bytes_max);
  if (!body) co_return;
  agent::conversation_change wanted;
  field_reader fields(*body, "");
  fields.text("title", wanted.title);
  fields.boolean("archived", wanted.archived);
  if (fields.problem()) co_return co_await send_error(with, *fields.problem());
  if (!wanted.title && !wanted.archived) {
    co_return co_await send_error(with, {.reason = error_reason::invalid_argument,
                                         .message = "say what is to change: \"title\" or \"archived\"",
                                         .param = "title"});
  }
  const auto card = co_await uses.stored.change_conversation(who->caller(), id_of(with), std::move(wanted));
  if (!card) co_return co_await send_error(with, card.error());
  co_await send_json(with, 200, to_json(*card));
}

task<> delete_conversation(conversation_api uses, http::exchange& with) {
  const auto who = co_await admit_reader(uses, with);
  if (!who) co_return;
  const auto gone = co_await uses.stored.delete_conversation(who->caller(), id_of(with));
  if (!gone) co_return co_await send_error(with, gone.error());
  co_await send_nothing(with);
}

task<> read_generation(conversation_api uses, http::exchange& with) {
  const auto who = co_await admit_reader(uses, with);
  if (!who) co_return;
  const auto record = co_await uses.stored.read_generation(who->caller(), id_of(with));
  if (!record) co_return co_await send_error(with, record.error());
  co_await send_json(with, 200, to_json(*record));
}

task<> cancel_generation(conversation_api uses, http::exchange& with) {
  const auto who = co_await admit_reader(uses, with);
  if (!who) co_return;
  const auto told = co_await uses.agents.cancel(who->caller(), id_of(with));
  if (!told) co_return co_await send_error(with, told.error());
  co_await send_json(with, 202, {{"id", id_of(with)}});
}

task<> read_usage(conversation_api uses, http::exchange& with) {
  const auto who = co_await admit_reader(uses, with);
  if (!who) co_return;
  const http::request& asked = with.request();
  std::string from = asked.query_parameter("from").value_or(day_before_today(usage_days - 1));
  std::string to = asked.query_parameter("to").value_or(day_before_today(0));
  const auto rows = co_await uses.stored.read_usage(who->caller(), std::move(from), std::move(to));
  if (!rows) co_return co_await send_error(with, rows.error());
  json::array list;
  for (const agent::usage_row& row : *rows)
    list.push_back(to_json(row));
  co_await send_json(with, 200, {{"usage", std::move(list)}});
}

}  // namespace

task<std::shared_ptr<const principal>> admit_reader(conversation_api uses, http::exchange& with) {
  auto who = co_await uses.door.authenticate(find_credential(with.request()));
  if (who && with.request().has_sound_query()) co_return std::move(*who);
  co_await send_error(with, who ? error{.reason = error_reason::invalid_argument,
                                        .message = "the query is not valid percent-encoded UTF-8"}
                                : std::move(who.error()));
  co_return nullptr;
}

std::vector<http::route> conversation_routes(conversation_api uses) {
  const auto bound = [uses](task<> (*handle)(conversation_api, http::exchange&)) {
    return [uses, handle](http::exchange& with) { return handle(uses, with); };
  };
  return {{"GET", "/v1/conversations", bound(list_conversations)},
          {"GET", "/v1/conversations/{id}", bound(read_conversation)},
          {"PATCH", "/v1/conversations/{id}", bound(change_conversation)},
          {"DELETE", "/v1/conversations/{id}", bound(delete_conversation)},
          {"GET", "/v1/conversations/{id}/export", bound(export_conversation)},
          {"GET", "/v1/generations/{id}", bound(read_generation)},
          {"POST", "/v1/generations/{id}/cancel", bound(cancel_generation)},
          {"GET", "/v1/usage", bound(read_usage)}};
}

}  // namespace sluice::gateway
