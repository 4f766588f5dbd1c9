#include "agent/conversation_store_sql.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "agent/conversation_store_sql_rows.hpp"
#include "agent/conversation_turn.hpp"
#include "base/utf8.hpp"
#include "generation/content_json.hpp"

namespace sluice::embedded {
extern const std::span<const store::migration> agent_migrations;
}

namespace sluice::agent {
namespace sql {
std::unexpected<error> no_conversation(const std::string& id) {
  return failure(error_reason::not_found, fmt::format("there is no conversation \"{}\"", clip(id, 64)),
                 "conversation_id");
}

namespace {

// PostgreSQL's text cannot hold it.
std::string without_nul(std::string text) {
  std::ranges::replace(text, '\0', ' ');
  return text;
}

}  // namespace

message_columns columns_of(const generation::message& from) {
  message_columns to{.words = {}, .body = {}, .context_bytes = static_cast<long long>(agent::context_bytes(from))};
  bool is_plain = from.parts.size() <= 1 && from.name.empty() && from.extensions.empty();
  for (const generation::content_part& part : from.parts) {
    const auto* const text = std::get_if<generation::text_part>(&part.what);
    is_plain = is_plain && text != nullptr && part.citations.empty() && part.extensions.empty();
    if (text == nullptr) continue;
    if (!to.words.empty()) to.words += '\n';
    to.words += text->text;
  }
  if (to.words.contains('\0')) {
    is_plain = false;
    to.words = without_nul(std::move(to.words));
  }
  if (!is_plain) to.body = boost::json::serialize(generation::to_json(from));
  return to;
}

result<generation::message> message_of(const std::string& role, const std::string& words, const std::string& body) {
  const generation::role said_by = generation::parse_role(role).value_or(generation::role::user);
  if (!body.empty()) return generation::parse_message(body, said_by);
  generation::message plain{.role = said_by};
  if (!words.empty()) plain.parts.push_back({generation::text_part{words}});
  return plain;
}

namespace {

void insert_conversation(soci::session& in, const new_turn& added) {
  const std::string system = without_nul(added.system.value_or(""));
  const long long now = to_ms(added.now);
  in << "INSERT INTO conversations (id, user_id, title, system_prompt, archived, message_count, newest_message_id,"
        " created_at_ms, updated_at_ms) VALUES (:id, :user, :title, :system, 0, 0, '', :created, :updated)",
      soci::use(added.conversation_id), soci::use(added.who.user_id), soci::use(added.title), soci::use(system),
      soci::use(now), soci::use(now);
}

struct conversation_row {
  std::string system;
  std::string newest_message_id;
  long long message_count = 0;
};

// Takes the positions of the turn's messages, which also keeps other turns of the conversation waiting.
result<conversation_row> take_positions(soci::session& in, const new_turn& added) {
  const long long taken = static_cast<long long>(added.said.size()) + 1;
  const long long now = to_ms(added.now);
  in << "UPDATE conversations SET message_count = message_count + :n, updated_at_ms = :now"
        " WHERE id = :id AND user_id = :user",
      soci::use(taken), soci::use(now), soci::use(added.conversation_id), soci::use(added.who.user_id);
  if (added.system) {
    const std::string system = without_nul(*added.system);
    in << "UPDATE conversations SET system_prompt = :system WHERE id = :id AND user_id = :user", soci::use(system),
        soci::use(added.conversation_id), soci::use(added.who.user_id);
  }
  conversation_row row;
  in << "SELECT system_prompt, newest_message_id, message_count FROM conversations WHERE id = :id AND user_id = :user",
      soci::use(added.conversation_id), soci::use(added.who.user_id), soci::into(row.system),
      soci::into(row.newest_message_id), soci::into(row.message_count);
  if (!in.got_data()) return no_conversation(added.conversation_id);
  row.message_count -= taken;
  return row;
}

struct parent_row {
  std::string status;
  std::string parent_id;
};

std::optional<parent_row> find_parent(soci::session& in, const std::string& conversation_id, const std::string& id) {
  parent_row row;
  in << "SELECT status, parent_id FROM messages WHERE id = :id AND conversation_id = :conversation", soci::use(id),
      soci::use(conversation_id), soci::into(row.status), soci::into(row.parent_id);
  return in.got_data() ? std::optional(std::move(row)) : std::nullopt;
}

// Before the questions that the answer `id` replies to: the nearest ancestor that is an answer, or none.
std::string before_turn_of(soci::session& in, const std::string& conversation_id, std::string id) {
  for (;;) {
    const auto row = find_parent(in, conversation_id, id);
    if (!row || row->parent_id.empty()) return "";
    id = row->parent_id;
    std::string generation_id;
    in << "SELECT generation_id FROM messages WHERE id = :id", soci::use(id), soci::into(generation_id);
    if (!generation_id.empty()) return id;
  }
}

result<std::string> choose_parent(soci::session& in, const new_turn& added, const conversation_row& about) {
  if (!added.parent_id) {
    const auto newest = find_parent(in, added.conversation_id, about.newest_message_id);
    if (!newest) return std::string();
    return newest->status == "streaming" ? before_turn_of(in, added.conversation_id, about.newest_message_id)
                                         : about.newest_message_id;
  }
  if (added.parent_id->empty()) return std::string();
  const auto named = find_parent(in, added.conversation_id, *added.parent_id);
  if (!named) {
    return failure(error_reason::not_found,
                   fmt::format("there is no message \"{}\" in this conversation", clip(*added.parent_id, 64)),
                   "parent_id");
  }
  if (named->status == "streaming") {
    return failure(error_reason::conflict, "that answer is still being written; cancel it or wait for its end",
                   "parent_id");
  }
  return *added.parent_id;
}

void insert_message(soci::session& in, const std::string& conversation_id, long long position,
                    const std::string& parent_id, const new_message& added, std::string_view status,
                    const std::string& generation_id, long long now) {
  const message_columns columns = columns_of(added.said);
  const std::string role(to_string(added.said.role));
  const std::string state(status);
  in << "INSERT INTO messages (id, conversation_id, position, parent_id, role, status, words, body, context_bytes,"
        " generation_id, created_at_ms) VALUES (:id, :conversation, :position, :parent, :role, :status, :words, :body,"
        " :bytes, :generation, :now)",
      soci::use(added.id), soci::use(conversation_id), soci::use(position), soci::use(parent_id), soci::use(role),
      soci::use(state), soci::use(columns.words), soci::use(columns.body), soci::use(columns.context_bytes),
      soci::use(generation_id), soci::use(now);
}

void insert_messages(soci::session& in, const new_turn& added, long long position, std::string parent_id) {
  const long long now = to_ms(added.now);
  for (const new_message& one : added.said) {
    insert_message(in, added.conversation_id, position++, parent_id, one, "completed", "", now);
    parent_id = one.id;
  }
  const new_message answer{.id = added.answer_id, .said = {.role = generation::role::assistant}};
  insert_message(in, added.conversation_id, position, parent_id, answer, "streaming", added.generation_id, now);
  in << "UPDATE conversations SET newest_message_id = :newest WHERE id = :id", soci::use(added.answer_id),
      soci::use(added.conversation_id);
}

void insert_generation(soci::session& in, const new_turn& added) {
  const long long now = to_ms(added.now);
  in << "INSERT INTO generations (id, user_id, key_id, conversation_id, message_id, model, provider, status, ending,"
        " last_number, created_at_ms, ended_at_ms, owner) VALUES (:id, :user, :key, :conversation, :message, :model,"
        " :provider, 'running', '', 0, :now, 0, :owner)",
      soci::use(added.generation_id), soci::use(added.who.user_id), soci::use(added.who.key_id),
      soci::use(added.conversation_id), soci::use(added.answer_id), soci::use(added.model), soci::use(added.provider),
      soci::use(now), soci::use(added.owner);
}

result<turn_place> insert_turn(soci::session& in, const new_turn& added, const ended_generations& unrecorded) {
  // The key before the conversation, as all do that take both: nobody waits in a circle.
  if (added.key) {
    const started begun{.generation_id = added.generation_id,
                        .conversation_id = added.conversation_id,
                        .message_id = added.answer_id,
                        .model = added.model,
                        .provider = added.provider};
    auto before = claim_key(in, added.who, *added.key, begun, added.now);
    if (!before) return std::unexpected(std::move(before.error()));
    if (*before) return turn_place{.system = {}, .parent_id = {}, .before = std::move(*before)};
  }
  if (!unrecorded.empty()) record_generations(in, unrecorded);
  if (added.begins_conversation) insert_conversation(in, added);
  auto about = take_positions(in, added);
  if (!about) return std::unexpected(std::move(about.error()));
  auto parent = choose_parent(in, added, *about);
  if (!parent) return std::unexpected(std::move(parent.error()));
  insert_messages(in, added, about->message_count, *parent);
  insert_generation(in, added);
  return turn_place{.system = std::move(about->system), .parent_id = std::move(*parent)};
}

result<std::vector<generation::message>> select_path(soci::session& in, const std::string& conversation_id,
                                                     const std::string& message_id, long long bytes_max) {
  const soci::rowset<soci::row> rows =
      (in.prepare << "WITH RECURSIVE path (id, parent_id, depth, bytes) AS ("
                     " SELECT id, parent_id, 0, context_bytes FROM messages WHERE id = :id AND conversation_id = :c"
                     " UNION ALL SELECT m.id, m.parent_id, path.depth + 1, path.bytes + m.context_bytes"
                     " FROM path JOIN messages m ON m.id = path.parent_id WHERE path.bytes < :max)"
                     " SELECT m.role, m.words, m.body FROM path JOIN messages m ON m.id = path.id ORDER BY path.depth"
                     " DESC",
       soci::use(message_id), soci::use(conversation_id), soci::use(bytes_max));
  std::vector<generation::message> path;
  for (const soci::row& row : rows) {
    auto one = message_of(row.get<std::string>(0), row.get<std::string>(1), row.get<std::string>(2));
    if (!one) return std::unexpected(std::move(one.error()));
    path.push_back(std::move(*one));
  }
  return path;
}

}  // namespace
}  // namespace sql

result<void> conversation_store_sql::migrate() {
  return database_.migrate("agent", embedded::agent_migrations);
}

task<result<turn_place>> conversation_store_sql::begin_turn(new_turn added, ended_generations unrecorded) {
  co_return co_await database_.write([added = std::move(added), unrecorded = std::move(unrecorded)](soci::session& in) {
    return sql::insert_turn(in, added, unrecorded);
  });
}

task<result<std::vector<generation::message>>> conversation_store_sql::read_path(std::string conversation_id,
                                                                                 std::string message_id,
                                                                                 std::uint64_t bytes_max) {
  co_return co_await database_.read([conversation_id = std::move(conversation_id), message_id = std::move(message_id),
                                     bytes_max = static_cast<long long>(bytes_max)](soci::session& in) {
    return sql::select_path(in, conversation_id, message_id, bytes_max);
  });
}

}  // namespace sluice::agent
