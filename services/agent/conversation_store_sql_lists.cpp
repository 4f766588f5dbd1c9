// Reading and changing conversations.
#include <algorithm>
#include <charconv>
#include <iterator>

#include <fmt/format.h>

#include "agent/conversation_store_sql.hpp"
#include "agent/conversation_store_sql_rows.hpp"
#include "generation/content_json.hpp"

namespace sluice::agent {
namespace sql {
namespace {

// A page of messages ends where it passes this, however many may be asked for.
constexpr std::size_t page_bytes_max = std::size_t{1} << 20;

constexpr std::string_view card_columns =
    "c.id, c.title, c.archived, c.created_at_ms, c.updated_at_ms, COALESCE((SELECT MAX(g.id) FROM generations g"
    " WHERE g.conversation_id = c.id AND g.status = 'running'), '')";

struct card_row {
  conversation_card card;
  long long archived = 0;
  long long created = 0;
  long long updated = 0;

  conversation_card take() {
    card.archived = archived != 0;
    card.created_at = from_ms(created);
    card.updated_at = from_ms(updated);
    return std::move(card);
  }
};

void bind(soci::statement& to, card_row& row) {
  to.exchange(soci::into(row.card.id));
  to.exchange(soci::into(row.card.title));
  to.exchange(soci::into(row.archived));
  to.exchange(soci::into(row.created));
  to.exchange(soci::into(row.updated));
  to.exchange(soci::into(row.card.live_generation_id));
}

std::unexpected<error> bad_cursor() {
  return failure(error_reason::invalid_argument, "\"cursor\" is not one that was given as next_cursor", "cursor");
}

result<long long> parse_number(std::string_view text) {
  long long number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number < 0) return bad_cursor();
  return number;
}

// A place in the list: when the last conversation of a page was changed, and its id.
struct list_place {
  long long updated = 0;
  std::string id;
};

result<list_place> parse_place(const std::string& cursor) {
  const std::size_t dot = cursor.find('.');
  if (dot == std::string::npos) return bad_cursor();
  const auto updated = parse_number(std::string_view(cursor).substr(0, dot));
  if (!updated) return std::unexpected(updated.error());
  return list_place{.updated = *updated, .id = cursor.substr(dot + 1)};
}

std::string cursor_behind(const conversation_card& card) {
  return fmt::format("{}.{}", to_ms(card.updated_at), card.id);
}

result<conversation_page> select_page(soci::session& in, const caller& who, const list_conversations_request& asked) {
  list_place from;
  std::string text =
      fmt::format("SELECT {} FROM conversations c WHERE c.user_id = :user AND c.archived = :archived", card_columns);
  if (!asked.cursor.empty()) {
    auto place = parse_place(asked.cursor);
    if (!place) return std::unexpected(std::move(place.error()));
    from = std::move(*place);
    text += " AND (c.updated_at_ms, c.id) < (:updated, :id)";
  }
  text += fmt::format(" ORDER BY c.updated_at_ms DESC, c.id DESC LIMIT {}", asked.limit + 1);

  soci::statement select(in);
  card_row row;
  const long long archived = asked.archived ? 1 : 0;
  bind(select, row);
  select.exchange(soci::use(who.user_id));
  select.exchange(soci::use(archived));
  if (!asked.cursor.empty()) {
    select.exchange(soci::use(from.updated));
    select.exchange(soci::use(from.id));
  }
  select.alloc();
  select.prepare(text);
  select.define_and_bind();
  select.execute();
  conversation_page page;
  while (select.fetch()) {
    if (page.conversations.size() == asked.limit) {
      page.next = cursor_behind(page.conversations.back());
      break;
    }
    page.conversations.push_back(row.take());
  }
  return page;
}

// What a row costs a search beside its text.
constexpr std::size_t row_bytes = 64;
constexpr std::size_t slice_bytes_max = std::size_t{1} << 20;
constexpr std::uint32_t conversations_ahead = 50;
constexpr long long messages_ahead = 200;  // a server sends all that was asked for, looked at or not

// Looks through messages of the first conversation ahead. True when that is done with: all words seen, or all messages.
// False: there may be more, from `next_position`.
bool look_through_messages(soci::session& in, conversation_search& search, std::size_t& bytes) {
  std::string words;
  long long position = 0;
  const long long first = *search.next_position;
  const std::string& id = search.ahead.front().id;
  long long left = messages_ahead;
  soci::statement select =
      (in.prepare << "SELECT words, position FROM messages WHERE conversation_id = :id AND"
                     " position >= :first ORDER BY position LIMIT :most",
       soci::into(words), soci::into(position), soci::use(id), soci::use(first), soci::use(messages_ahead));
  select.execute();
  while (!search.words.has_seen_all()) {
    if (bytes >= slice_bytes_max) return false;
    if (!select.fetch()) return left > 0;
    --left;
    search.words.look_into(words);
    search.next_position = position + 1;
    bytes += words.size() + row_bytes;
  }
  return true;
}

result<void> fill_ahead(soci::session& in, const caller& who, conversation_search& search) {
  list_conversations_request wanted = search.asked;
  wanted.cursor = search.place;
  wanted.limit = conversations_ahead;
  auto page = select_page(in, who, wanted);
  if (!page) return std::unexpected(std::move(page.error()));
  std::ranges::move(page->conversations, std::back_inserter(search.ahead));
  search.done = search.ahead.empty();
  return {};
}

result<conversation_search> search_slice(soci::session& in, const caller& who, conversation_search search) {
  for (std::size_t bytes = 0; !search.done && bytes < slice_bytes_max;) {
    if (search.ahead.empty()) {
      if (auto filled = fill_ahead(in, who, search); !filled) return std::unexpected(std::move(filled.error()));
      continue;
    }
    if (!search.next_position) {
      search.next_position = 0;
      search.words.begin();
      search.words.look_into(search.ahead.front().title);
      bytes += row_bytes;
    }
    if (!look_through_messages(in, search, bytes)) continue;
    search.place = cursor_behind(search.ahead.front());
    search.next_position.reset();
    if (search.words.has_seen_all()) search.found.conversations.push_back(std::move(search.ahead.front()));
    search.ahead.pop_front();
    search.done = search.found.conversations.size() == search.asked.limit;
    if (search.done) search.found.next = search.place;
  }
  return search;
}

message_status parse_status(std::string_view text) {
  for (const auto one : {message_status::streaming, message_status::completed, message_status::incomplete,
                         message_status::cancelled, message_status::failed}) {
    if (to_string(one) == text) return one;
  }
  return message_status::interrupted;
}

struct message_row {
  stored_message message;
  std::string role;
  std::string status;
  std::string words;
  std::string body;
  std::string ending;
  long long position = 0;
  long long created = 0;

  result<stored_message> take() {
    auto said = message_of(role, words, body);
    if (!said) return std::unexpected(std::move(said.error()));
    message.role = said->role;
    message.content = std::move(said->parts);
    message.status = parse_status(status);
    message.created_at = from_ms(created);
    message.usage.reset();
    if (!ending.empty()) {
      const auto how = generation::parse_finish(ending);
      if (!how) return std::unexpected(how.error());
      message.usage = how->usage;
    }
    return std::move(message);
  }
};

result<conversation_tree> select_tree(soci::session& in, const caller& who, const std::string& id,
                                      const std::string& cursor, std::uint32_t limit) {
  auto about = read_card(in, who.user_id, id);
  if (!about) return std::unexpected(std::move(about.error()));
  const auto from = cursor.empty() ? result<long long>(0) : parse_number(cursor);
  if (!from) return std::unexpected(from.error());
  conversation_tree tree{.about = std::move(*about), .messages = {}, .next = {}};
  message_row row;
  const long long first = *from;
  const long long count = static_cast<long long>(limit) + 1;
  soci::statement select =
      (in.prepare << "SELECT m.id, m.parent_id, m.role, m.status, m.words, m.body, m.generation_id, m.position,"
                     " m.created_at_ms, COALESCE(g.model, ''), COALESCE(g.ending, '') FROM messages m"
                     " LEFT JOIN generations g ON g.id = m.generation_id"
                     " WHERE m.conversation_id = :id AND m.position >= :first ORDER BY m.position LIMIT :count",
       soci::into(row.message.id), soci::into(row.message.parent_id), soci::into(row.role), soci::into(row.status),
       soci::into(row.words), soci::into(row.body), soci::into(row.message.generation_id), soci::into(row.position),
       soci::into(row.created), soci::into(row.message.model), soci::into(row.ending), soci::use(id), soci::use(first),
       soci::use(count));
  select.execute();
  std::size_t bytes = 0;
  while (select.fetch()) {
    if (tree.messages.size() == limit || (bytes >= page_bytes_max && !tree.messages.empty())) {
      tree.next = std::to_string(row.position);
      break;
    }
    bytes += row.words.size() + row.body.size();
    auto one = row.take();
    if (!one) return std::unexpected(std::move(one.error()));
    tree.messages.push_back(std::move(*one));
  }
  return tree;
}

result<conversation_card> update_conversation(soci::session& in, const caller& who, const std::string& id,
                                              const conversation_change& wanted) {
  if (wanted.title) {
    in << "UPDATE conversations SET title = :title WHERE id = :id AND user_id = :user", soci::use(*wanted.title),
        soci::use(id), soci::use(who.user_id);
  }
  if (wanted.archived) {
    const long long archived = *wanted.archived ? 1 : 0;
    in << "UPDATE conversations SET archived = :archived WHERE id = :id AND user_id = :user", soci::use(archived),
        soci::use(id), soci::use(who.user_id);
  }
  return read_card(in, who.user_id, id);
}

result<void> delete_conversation(soci::session& in, const caller& who, const std::string& id) {
  if (auto about = read_card(in, who.user_id, id); !about) return std::unexpected(std::move(about.error()));
  // The conversation first: a turn that begins in it at this moment is done before, or finds it gone.
  in << "DELETE FROM conversations WHERE id = :id", soci::use(id);
  in << "DELETE FROM generations WHERE conversation_id = :id", soci::use(id);
  in << "DELETE FROM messages WHERE conversation_id = :id", soci::use(id);
  return {};
}

}  // namespace

result<conversation_card> read_card(soci::session& in, const std::string& user_id, const std::string& id) {
  card_row row;
  soci::statement select(in);
  bind(select, row);
  select.exchange(soci::use(id));
  select.exchange(soci::use(user_id));
  select.alloc();
  select.prepare(fmt::format("SELECT {} FROM conversations c WHERE c.id = :id AND c.user_id = :user", card_columns));
  select.define_and_bind();
  if (!select.execute(true)) return no_conversation(id);
  return row.take();
}

}  // namespace sql

task<result<conversation_page>> conversation_store_sql::list_conversations(caller who,
                                                                           list_conversations_request asked) {
  co_return co_await database_.read(
      [who = std::move(who), asked = std::move(asked)](soci::session& in) { return sql::select_page(in, who, asked); });
}

task<result<conversation_search>> conversation_store_sql::search_further(caller who, conversation_search so_far) {
  co_return co_await database_.read([who = std::move(who), search = std::move(so_far)](soci::session& in) {
    return sql::search_slice(in, who, search);
  });
}

task<result<conversation_tree>> conversation_store_sql::read_conversation(caller who, std::string conversation_id,
                                                                          std::string cursor, std::uint32_t limit) {
  co_return co_await database_.read(
      [who = std::move(who), id = std::move(conversation_id), cursor = std::move(cursor), limit](soci::session& in) {
        return sql::select_tree(in, who, id, cursor, limit);
      });
}

task<result<conversation_card>> conversation_store_sql::change_conversation(caller who, std::string conversation_id,
                                                                            conversation_change wanted) {
  co_return co_await database_.write(
      [who = std::move(who), id = std::move(conversation_id), wanted = std::move(wanted)](soci::session& in) {
        return sql::update_conversation(in, who, id, wanted);
      });
}

task<result<void>> conversation_store_sql::remove_conversation(caller who, std::string conversation_id) {
  co_return co_await database_.write([who = std::move(who), id = std::move(conversation_id)](soci::session& in) {
    return sql::delete_conversation(in, who, id);
  });
}

}  // namespace sluice::agent
