// Which requests were begun, by the keys that their clients made for them.
#include "agent/conversation_store_sql.hpp"
#include "agent/conversation_store_sql_rows.hpp"

namespace sluice::agent {
namespace sql {
namespace {

result<std::optional<started>> select_begun(soci::session& in, const caller& who, const request_key& key) {
  started begun;
  std::string digest;
  in << "SELECT digest, generation_id, conversation_id, message_id, model, provider FROM request_keys"
        " WHERE user_id = :user AND request_key = :key",
      soci::use(who.user_id), soci::use(key.value), soci::into(digest), soci::into(begun.generation_id),
      soci::into(begun.conversation_id), soci::into(begun.message_id), soci::into(begun.model),
      soci::into(begun.provider);
  if (!in.got_data()) return std::optional<started>();
  if (digest != key.digest) {
    return failure(error_reason::conflict, "another request was made under this key: every request needs its own",
                   "idempotency_key");
  }
  begun.repeated = true;
  return std::optional(std::move(begun));
}

}  // namespace

result<std::optional<started>> claim_key(soci::session& in, const caller& who, const request_key& key,
                                         const started& begun, time_point now) {
  const long long at = to_ms(now);
  // Of two at the same moment, the second one waits here until the first is there to be seen, or was taken back.
  soci::statement insert =
      (in.prepare << "INSERT INTO request_keys (user_id, request_key, digest, generation_id, conversation_id,"
                     " message_id, model, provider, created_at_ms) VALUES (:user, :key, :digest, :generation,"
                     " :conversation, :message, :model, :provider, :at) ON CONFLICT (user_id, request_key) DO NOTHING",
       soci::use(who.user_id), soci::use(key.value), soci::use(key.digest), soci::use(begun.generation_id),
       soci::use(begun.conversation_id), soci::use(begun.message_id), soci::use(begun.model), soci::use(begun.provider),
       soci::use(at));
  insert.execute(true);
  if (insert.get_affected_rows() != 0) return std::optional<started>();
  return select_begun(in, who, key);
}

}  // namespace sql

task<result<std::optional<started>>> conversation_store_sql::claim_key(caller who, request_key key, started begun,
                                                                       time_point now) {
  co_return co_await database_.write([who = std::move(who), key = std::move(key), begun = std::move(begun),
                                      now](soci::session& in) { return sql::claim_key(in, who, key, begun, now); },
                                     store::durability::process);
}

task<result<std::optional<started>>> conversation_store_sql::find_begun(caller who, request_key key) {
  co_return co_await database_.read(
      [who = std::move(who), key = std::move(key)](soci::session& in) { return sql::select_begun(in, who, key); });
}

task<result<void>> conversation_store_sql::forget_keys(time_point before) {
  co_return co_await database_.write(
      [at = sql::to_ms(before)](soci::session& in) -> result<void> {
        in << "DELETE FROM request_keys WHERE created_at_ms < :before", soci::use(at);
        return {};
      },
      store::durability::process);
}

}  // namespace sluice::agent
