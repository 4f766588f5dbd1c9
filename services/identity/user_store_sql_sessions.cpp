// Sessions and their refresh tokens.
#include "identity/user_store_sql.hpp"
#include "identity/user_store_sql_rows.hpp"

namespace sluice::identity {
namespace {

using soci::into;
using soci::use;

void insert_refresh(soci::session& sql, const std::string& hash, const std::string& session_id, time_point expires_at) {
  change(sql,
         "INSERT INTO refresh_tokens (hash, session_id, used_at, expires_at) VALUES (:hash, :session, 0, :expires)",
         hash, session_id, to_sql(expires_at));
}

bool is_unused(soci::session& sql, const std::string& session_id, const std::string& hash) {
  long long used_at = 0;
  sql << "SELECT used_at FROM refresh_tokens WHERE hash = :hash AND session_id = :session", use(hash), use(session_id),
      into(used_at);
  return sql.got_data() && used_at == 0;
}

// From the one that was refreshed last.
std::vector<std::string> sessions_of(soci::session& sql, const std::string& user_id) {
  std::string id;
  soci::statement each =
      (sql.prepare << "SELECT id FROM sessions WHERE user_id = :user ORDER BY refreshed_at DESC, id DESC", use(user_id),
       into(id));
  std::vector<std::string> ids;
  each.execute();
  while (each.fetch())
    ids.push_back(id);
  return ids;
}

}  // namespace

void end_one_session(soci::session& sql, const std::string& user_id, const std::string& session_id, time_point now) {
  if (change(sql, "DELETE FROM sessions WHERE id = :id AND user_id = :user", session_id, user_id) == 0) return;
  change(sql, "DELETE FROM refresh_tokens WHERE session_id = :id", session_id);
  revoke(sql, user_id, session_id, {}, now);
}

void end_all_sessions(soci::session& sql, const std::string& user_id, const std::string& kept, time_point now) {
  for (const std::string& id : sessions_of(sql, user_id)) {
    if (id != kept) end_one_session(sql, user_id, id, now);
  }
}

task<result<bool>> user_store_sql::begin_session(new_session made, std::string verified_hash,
                                                 std::uint32_t sessions_max) {
  return database_.write([made = std::move(made), hash = std::move(verified_hash),
                          sessions_max](soci::session& sql) -> result<bool> {
    lock_user(sql, made.user_id);
    long long fits = 0;
    sql << "SELECT count(*) FROM users WHERE id = :id AND disabled = 0 AND password_hash = :hash", use(made.user_id),
        use(hash), into(fits);
    if (fits == 0) return false;
    const std::string secret(made.refresh_secret.reveal());
    change(sql,
           "INSERT INTO sessions (id, user_id, refresh_secret, created_at, refreshed_at, expires_at) "
           "VALUES (:id, :user, :secret, :created, :refreshed, :expires)",
           made.id, made.user_id, secret, to_sql(made.created_at), to_sql(made.created_at), to_sql(made.expires_at));
    insert_refresh(sql, made.refresh_hash, made.id, made.expires_at);
    const auto all = sessions_of(sql, made.user_id);
    for (std::size_t i = sessions_max; i < all.size(); ++i)
      end_one_session(sql, made.user_id, all[i], made.created_at);
    return true;
  });
}

task<result<std::optional<refresh_record>>> user_store_sql::find_refresh(std::string hash, time_point now) {
  return database_.read(
      [hash = std::move(hash), now = to_sql(now)](soci::session& sql) -> result<std::optional<refresh_record>> {
        refresh_record found;
        std::string secret;
        long long used_at = 0;
        user_row row;
        sql << "SELECT r.session_id, r.used_at, s.refresh_secret, u.password_hash, " + user_columns +
                   " FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id JOIN users u ON u.id = s.user_id "
                   "WHERE r.hash = :hash AND r.expires_at > :now AND s.expires_at > :now2 AND u.disabled = 0",
            use(hash), use(now), use(now), into(found.session_id), into(used_at), into(secret),
            into(found.owner.password_hash), into(row.id), into(row.username), into(row.role), into(row.disabled),
            into(row.created_at);
        if (!sql.got_data()) return std::optional<refresh_record>();
        found.refresh_secret = secret_string(std::move(secret));
        found.used = used_at != 0;
        found.owner.who = row.read();
        return found;
      });
}

task<result<rotation>> user_store_sql::rotate(std::string hash, std::string next_hash, time_point now,
                                              reuse_limits since, time_point expires_at) {
  return database_.write([hash = std::move(hash), next_hash = std::move(next_hash), now, since,
                          expires_at](soci::session& sql) -> result<rotation> {
    std::string session_id;
    std::string user_id;
    long long used_at = 0;
    const long long now_ms = to_sql(now);
    // Of two that come with the same token, the second one sees what the first one did.
    change(sql, "UPDATE sessions SET id = id WHERE id = (SELECT session_id FROM refresh_tokens WHERE hash = :hash)",
           hash);
    sql << "SELECT s.id, s.user_id, r.used_at FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id "
           "JOIN users u ON u.id = s.user_id "
           "WHERE r.hash = :hash AND r.expires_at > :now AND s.expires_at > :now2 AND u.disabled = 0",
        use(hash), use(now_ms), use(now_ms), into(session_id), into(user_id), into(used_at);
    if (!sql.got_data()) return rotation::unknown;
    if (used_at != 0 && used_at > to_sql(since.grace)) return rotation::again;
    if (used_at != 0 && used_at > to_sql(since.lost) && is_unused(sql, session_id, next_hash)) return rotation::again;
    if (used_at != 0) {
      end_one_session(sql, user_id, session_id, now);
      return rotation::reused;
    }
    change(sql, "UPDATE refresh_tokens SET used_at = :now WHERE hash = :hash", now_ms, hash);
    insert_refresh(sql, next_hash, session_id, expires_at);
    change(sql, "UPDATE sessions SET refreshed_at = :now, expires_at = :expires WHERE id = :id", now_ms,
           to_sql(expires_at), session_id);
    return rotation::rotated;
  });
}

task<result<std::optional<user>>> user_store_sql::find_session(std::string session_id, time_point now) {
  return database_.read([id = std::move(session_id),
                         now = to_sql(now)](soci::session& sql) -> result<std::optional<user>> {
    user_row row;
    sql << "SELECT " + user_columns +
               " FROM sessions s JOIN users u ON u.id = s.user_id "
               "WHERE s.id = :id AND s.expires_at > :now AND u.disabled = 0",
        use(id), use(now), into(row.id), into(row.username), into(row.role), into(row.disabled), into(row.created_at);
    if (!sql.got_data()) return std::optional<user>();
    return row.read();
  });
}

task<result<void>> user_store_sql::end_session(std::string user_id, std::string session_id, time_point now) {
  return database_.write(
      [user = std::move(user_id), id = std::move(session_id), now](soci::session& sql) -> result<void> {
        end_one_session(sql, user, id, now);
        return {};
      });
}

task<result<void>> user_store_sql::end_session_of(std::string refresh_hash, time_point now) {
  return database_.write([hash = std::move(refresh_hash), now](soci::session& sql) -> result<void> {
    std::string id;
    std::string user;
    sql << "SELECT s.id, s.user_id FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id WHERE r.hash = :hash",
        use(hash), into(id), into(user);
    if (sql.got_data()) end_one_session(sql, user, id, now);
    return {};
  });
}

task<result<void>> user_store_sql::end_sessions(std::string user_id, time_point now) {
  return database_.write([user = std::move(user_id), now](soci::session& sql) -> result<void> {
    end_all_sessions(sql, user, {}, now);
    return {};
  });
}

}  // namespace sluice::identity
