// API keys, signing keys, revocations, and the sweeping of what has run out.
#include <fmt/format.h>

#include "identity/user_store_sql.hpp"
#include "identity/user_store_sql_rows.hpp"

namespace sluice::identity {
namespace {

using soci::into;
using soci::use;
using found_owner = std::optional<user_store::key_owner>;

result<found_owner> select_owner(soci::session& sql, const std::string& column, const std::string& value) {
  std::string key_id;
  user_row row;
  sql << "SELECT k.id, " + user_columns + " FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k." + column +
             " = :value",
      use(value), into(key_id), into(row.id), into(row.username), into(row.role), into(row.disabled),
      into(row.created_at);
  if (!sql.got_data()) return found_owner();
  return user_store::key_owner{.key_id = std::move(key_id), .who = row.read()};
}

long long count_where(soci::session& sql, const std::string& rows, const std::string& value) {
  long long count = 0;
  sql << "SELECT count(*) FROM " + rows + " = :value", use(value), into(count);
  return count;
}

}  // namespace

void revoke(soci::session& sql, const std::string& user_id, const std::string& session_id, const std::string& key_id,
            time_point now) {
  change(sql, "UPDATE revocation_counter SET newest = newest + 1");
  long long number = 0;
  sql << "SELECT newest FROM revocation_counter", into(number);
  change(sql,
         "INSERT INTO revocations (number, user_id, session_id, key_id, revoked_at) "
         "VALUES (:number, :user, :session, :key, :now)",
         number, user_id, session_id, key_id, to_sql(now));
}

task<result<void>> user_store_sql::add_key(new_key made, std::uint32_t keys_max) {
  return database_.write([made = std::move(made), keys_max](soci::session& sql) -> result<void> {
    lock_user(sql, made.user_id);
    if (count_where(sql, "users WHERE id", made.user_id) == 0) {
      return failure(error_reason::not_found, "there is no such user");
    }
    if (count_where(sql, "api_keys WHERE user_id", made.user_id) >= keys_max) {
      return failure(error_reason::too_large,
                     fmt::format("there are {} keys already, the most that one may have: revoke one first", keys_max));
    }
    change(sql,
           "INSERT INTO api_keys (id, user_id, name, hash, prefix, created_at, last_used_at) "
           "VALUES (:id, :user, :name, :hash, :prefix, :created, 0)",
           made.about.id, made.user_id, made.about.name, made.hash, made.about.prefix, to_sql(made.about.created_at));
    return {};
  });
}

task<result<std::vector<api_key>>> user_store_sql::list_keys(std::string user_id) {
  return database_.read([user = std::move(user_id)](soci::session& sql) -> result<std::vector<api_key>> {
    api_key key;
    long long created_at = 0;
    long long last_used_at = 0;
    soci::statement each =
        (sql.prepare << "SELECT id, name, prefix, created_at, last_used_at FROM api_keys "
                        "WHERE user_id = :user ORDER BY id",
         use(user), into(key.id), into(key.name), into(key.prefix), into(created_at), into(last_used_at));
    std::vector<api_key> listed;
    each.execute();
    while (each.fetch()) {
      key.created_at = from_sql(created_at);
      key.last_used_at = last_used_at == 0 ? std::nullopt : std::optional(from_sql(last_used_at));
      listed.push_back(key);
    }
    return listed;
  });
}

task<result<void>> user_store_sql::remove_key(std::string user_id, std::string key_id, time_point now) {
  return database_.write([user = std::move(user_id), id = std::move(key_id), now](soci::session& sql) -> result<void> {
    if (change(sql, "DELETE FROM api_keys WHERE id = :id AND user_id = :user", id, user) == 0) {
      return failure(error_reason::not_found, "there is no such key");
    }
    revoke(sql, user, {}, id, now);
    return {};
  });
}

task<result<found_owner>> user_store_sql::find_key(std::string hash) {
  return database_.read([hash = std::move(hash)](soci::session& sql) { return select_owner(sql, "hash", hash); });
}

task<result<found_owner>> user_store_sql::find_key_by_id(std::string key_id) {
  return database_.read([id = std::move(key_id)](soci::session& sql) { return select_owner(sql, "id", id); });
}

task<result<void>> user_store_sql::note_uses(std::vector<key_use> uses) {
  return database_.write([uses = std::move(uses)](soci::session& sql) -> result<void> {
    for (const key_use& each : uses) {
      const long long at = to_sql(each.at);
      change(sql, "UPDATE api_keys SET last_used_at = :at WHERE id = :id AND last_used_at < :at2", at, each.key_id, at);
    }
    return {};
  });
}

task<result<std::uint64_t>> user_store_sql::newest_revocation() {
  return database_.read([](soci::session& sql) -> result<std::uint64_t> {
    long long newest = 0;
    sql << "SELECT newest FROM revocation_counter", into(newest);
    return static_cast<std::uint64_t>(newest);
  });
}

task<result<std::uint64_t>> user_store_sql::newest_revocation_before(time_point since) {
  return database_.read([since](soci::session& sql) -> result<std::uint64_t> {
    const long long before = to_sql(since);
    long long newest = 0;
    // From the newest backwards, so as far as the answer and no farther.
    sql << "SELECT number FROM revocations WHERE revoked_at < :before ORDER BY number DESC LIMIT 1", use(before),
        into(newest);
    return sql.got_data() ? static_cast<std::uint64_t>(newest) : 0;
  });
}

task<result<std::vector<revocation>>> user_store_sql::revocations_after(std::uint64_t number, std::uint32_t limit) {
  return database_.read([number, limit](soci::session& sql) -> result<std::vector<revocation>> {
    const auto after = static_cast<long long>(number);
    const auto most = static_cast<long long>(limit);
    long long found = 0;
    revocation each;
    soci::statement rows =
        (sql.prepare << "SELECT number, user_id, session_id, key_id FROM revocations "
                        "WHERE number > :after ORDER BY number LIMIT :most",
         use(after), use(most), into(found), into(each.user_id), into(each.session_id), into(each.key_id));
    std::vector<revocation> listed;
    rows.execute();
    while (rows.fetch()) {
      each.number = static_cast<std::uint64_t>(found);
      listed.push_back(each);
    }
    return listed;
  });
}

task<result<std::vector<stored_signing_key>>> user_store_sql::signing_keys() {
  return database_.read([](soci::session& sql) -> result<std::vector<stored_signing_key>> {
    stored_signing_key key;
    std::string private_key;
    long long created_at = 0;
    soci::statement rows =
        (sql.prepare << "SELECT id, public_key, private_key, created_at FROM signing_keys ORDER BY created_at, id",
         into(key.id), into(key.public_key), into(private_key), into(created_at));
    std::vector<stored_signing_key> listed;
    rows.execute();
    while (rows.fetch()) {
      key.private_key = secret_string(private_key);
      key.created_at = from_sql(created_at);
      listed.push_back(key);
    }
    return listed;
  });
}

task<result<void>> user_store_sql::add_signing_key(stored_signing_key made, time_point newer_than) {
  return database_.write([made = std::move(made), newer_than](soci::session& sql) -> result<void> {
    const std::string private_key(made.private_key.reveal());
    // Locks the row to the end of the transaction: of nodes that start together, the second one sees the first one's
    // key.
    change(sql, "UPDATE revocation_counter SET newest = newest");
    change(sql,
           "INSERT INTO signing_keys (id, public_key, private_key, created_at) SELECT :id, :public, :private, :created "
           "WHERE NOT EXISTS (SELECT id FROM signing_keys WHERE created_at > :newer)",
           made.id, made.public_key, private_key, to_sql(made.created_at), to_sql(newer_than));
    return {};
  });
}

task<result<void>> user_store_sql::replace_private_half(stored_signing_key key) {
  return database_.write([key = std::move(key)](soci::session& sql) -> result<void> {
    const std::string private_key(key.private_key.reveal());
    change(sql, "UPDATE signing_keys SET private_key = :private WHERE id = :id", private_key, key.id);
    return {};
  });
}

task<result<void>> user_store_sql::sweep(expiry at) {
  return database_.write([at](soci::session& sql) -> result<void> {
    change(sql, "DELETE FROM sessions WHERE expires_at <= :now", to_sql(at.now));
    change(sql, "DELETE FROM refresh_tokens WHERE expires_at <= :now", to_sql(at.now));
    change(sql, "DELETE FROM revocations WHERE revoked_at < :before", to_sql(at.revocations_before));
    change(sql, "DELETE FROM signing_keys WHERE created_at < :before", to_sql(at.signing_keys_before));
    return {};
  });
}

}  // namespace sluice::identity
