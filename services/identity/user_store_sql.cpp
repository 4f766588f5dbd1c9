#include "identity/user_store_sql.hpp"

#include "identity/user_store_sql_rows.hpp"

namespace sluice::identity {
namespace {

using soci::into;
using soci::use;

result<std::optional<account>> select_account(soci::session& sql, const std::string& column, const std::string& value) {
  user_row row;
  std::string hash;
  sql << "SELECT " + user_columns + ", u.password_hash FROM users u WHERE u." + column + " = :value", use(value),
      into(row.id), into(row.username), into(row.role), into(row.disabled), into(row.created_at), into(hash);
  if (!sql.got_data()) return std::optional<account>();
  return account{.who = row.read(), .password_hash = std::move(hash)};
}

std::unexpected<error> no_such_user() {
  return failure(error_reason::not_found, "there is no such user");
}

// What LIKE finds the words by anywhere, with '!' before what it would take for more than itself.
std::string pattern_of(std::string_view words) {
  std::string pattern = "%";
  for (const char c : words) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  return pattern + '%';
}

// Changes to who may administrate come one after the other, on any engine: of two admins who demote each other at once,
// the second finds that he is the last. Every revocation takes this row's lock.
void wait_for_turn(soci::session& sql) {
  change(sql, "UPDATE revocation_counter SET newest = newest");
}

// Whether nobody could administrate without this one. Keeps the other admins as they are until the transaction ends:
// of two admins that are made something else at the same time, one stays.
bool is_last_admin(soci::session& sql, const user& who) {
  if (who.role != role::admin || who.disabled) return false;
  change(sql, "UPDATE users SET role = role WHERE role = 'admin'");
  long long others = 0;
  sql << "SELECT count(*) FROM users WHERE role = 'admin' AND disabled = 0 AND id <> :id", use(who.id), into(others);
  return others == 0;
}

std::unexpected<error> refuse_last_admin() {
  return failure(error_reason::conflict, "this is the last admin: make another one first");
}

}  // namespace

task<result<void>> user_store_sql::add_account(new_account made) {
  return database_.write([made = std::move(made)](soci::session& sql) -> result<void> {
    const std::string rank(to_string(made.role));
    change(sql,
           "INSERT INTO users (id, username, name_key, password_hash, role, disabled, created_at) "
           "VALUES (:id, :username, :key, :hash, :role, 0, :created)",
           made.id, made.name.shown, made.name.key, made.password_hash, rank, to_sql(made.created_at));
    for (const std::string& skeleton : made.name.skeletons) {
      change(sql, "INSERT INTO name_skeletons (skeleton, user_id) VALUES (:skeleton, :user)", skeleton, made.id);
    }
    return {};
  });
}

task<result<std::optional<account>>> user_store_sql::find_by_name(std::string name_key) {
  return database_.read(
      [key = std::move(name_key)](soci::session& sql) { return select_account(sql, "name_key", key); });
}

task<result<std::optional<account>>> user_store_sql::find_by_id(std::string user_id) {
  return database_.read([id = std::move(user_id)](soci::session& sql) { return select_account(sql, "id", id); });
}

task<result<std::vector<user>>> user_store_sql::list_users(user_filter wanted, std::string after, std::uint32_t limit) {
  return database_.read(
      [wanted = std::move(wanted), after = std::move(after), limit](soci::session& sql) -> result<std::vector<user>> {
        const std::string pattern = pattern_of(wanted.query);
        const std::string rank(to_string(wanted.role.value_or(role::user)));
        const long long disabled = wanted.disabled.value_or(false) ? 1 : 0;
        const auto most = static_cast<long long>(limit);
        std::string question = "SELECT " + user_columns + " FROM users u WHERE u.id > :after";
        soci::statement each(sql);
        each.exchange(use(after));
        if (!wanted.query.empty()) {
          question += " AND (u.name_key LIKE :pattern ESCAPE '!' OR u.id = :id)";
          each.exchange(use(pattern));
          each.exchange(use(wanted.query));
        }
        if (wanted.role) {
          question += " AND u.role = :role";
          each.exchange(use(rank));
        }
        if (wanted.disabled) {
          question += " AND u.disabled = :disabled";
          each.exchange(use(disabled));
        }
        each.exchange(use(most));
        user_row row;
        each.exchange(into(row.id));
        each.exchange(into(row.username));
        each.exchange(into(row.role));
        each.exchange(into(row.disabled));
        each.exchange(into(row.created_at));
        each.alloc();
        each.prepare(question + " ORDER BY u.id LIMIT :most");
        each.define_and_bind();
        each.execute();
        std::vector<user> listed;
        while (each.fetch())
          listed.push_back(row.read());
        return listed;
      });
}

task<result<std::vector<user>>> user_store_sql::find_users(std::vector<std::string> user_ids) {
  return database_.read([ids = std::move(user_ids)](soci::session& sql) -> result<std::vector<user>> {
    std::vector<user> found;
    for (const std::string& id : ids) {
      auto one = select_account(sql, "id", id);
      if (*one) found.push_back(std::move((*one)->who));
    }
    return found;
  });
}

task<result<bool>> user_store_sql::has_admin() {
  return database_.read([](soci::session& sql) -> result<bool> {
    long long some = 0;
    sql << "SELECT count(*) FROM users WHERE role = 'admin'", into(some);
    return some != 0;
  });
}

task<result<void>> user_store_sql::replace_hash(std::string user_id, std::string old_hash, std::string new_hash) {
  return database_.write([id = std::move(user_id), old_hash = std::move(old_hash),
                          new_hash = std::move(new_hash)](soci::session& sql) -> result<void> {
    change(sql, "UPDATE users SET password_hash = :new WHERE id = :id AND password_hash = :old", new_hash, id,
           old_hash);
    return {};
  });
}

task<result<bool>> user_store_sql::change_password(std::string user_id, std::optional<std::string> old_hash,
                                                   std::string new_hash, std::string kept_session, time_point now) {
  return database_.write([id = std::move(user_id), old_hash = std::move(old_hash), new_hash = std::move(new_hash),
                          kept = std::move(kept_session), now](soci::session& sql) -> result<bool> {
    lock_user(sql, id);
    const auto found = select_account(sql, "id", id);
    if (!*found || (old_hash && (*found)->password_hash != *old_hash)) return false;
    change(sql, "UPDATE users SET password_hash = :new WHERE id = :id", new_hash, id);
    end_all_sessions(sql, id, kept, now);
    return true;
  });
}

task<result<void>> user_store_sql::set_role(std::string user_id, role to, time_point now) {
  return database_.write([id = std::move(user_id), to, now](soci::session& sql) -> result<void> {
    wait_for_turn(sql);
    const auto found = select_account(sql, "id", id);
    if (!*found) return no_such_user();
    const user& who = (*found)->who;
    if (who.role == to) return {};
    if (is_last_admin(sql, who)) return refuse_last_admin();
    const std::string rank(to_string(to));
    change(sql, "UPDATE users SET role = :role WHERE id = :id", rank, id);
    end_all_sessions(sql, id, {}, now);
    revoke(sql, id, {}, {}, now);  // what is remembered of the user's keys has the old role
    return {};
  });
}

task<result<void>> user_store_sql::set_disabled(std::string user_id, bool to, time_point now) {
  return database_.write([id = std::move(user_id), to, now](soci::session& sql) -> result<void> {
    wait_for_turn(sql);
    const auto found = select_account(sql, "id", id);
    if (!*found) return no_such_user();
    const user& who = (*found)->who;
    if (who.disabled == to) return {};
    if (to && is_last_admin(sql, who)) return refuse_last_admin();
    const long long disabled = to ? 1 : 0;
    change(sql, "UPDATE users SET disabled = :disabled WHERE id = :id", disabled, id);
    if (to) {
      end_all_sessions(sql, id, {}, now);
      revoke(sql, id, {}, {}, now);
    }
    return {};
  });
}

}  // namespace sluice::identity
