#include "identity/user_accounts.hpp"

#include <utility>

#include <fmt/format.h>

#include "base/ids.hpp"
#include "base/utf8.hpp"
#include "identity/api_keys.hpp"
#include "identity/names.hpp"
#include "identity/secrets.hpp"

namespace sluice::identity {
namespace {

std::unexpected<error> no_such_user() {
  return failure(error_reason::not_found, "there is no such user");
}

// The filter as the store compares: names are kept folded.
result<user_filter> check_filter(user_filter wanted) {
  if (!is_valid_utf8(wanted.query) || count_code_points(wanted.query) > username_code_points_max) {
    return failure(error_reason::invalid_argument,
                   fmt::format("\"query\" must be at most {} characters", username_code_points_max), "query");
  }
  if (wanted.query.empty() || is_id("usr", wanted.query)) return wanted;
  wanted.query = fold(wanted.query);
  // What folds to nothing is in no name; a control character is in none either.
  if (wanted.query.empty()) wanted.query = "\x01";
  return wanted;
}

}  // namespace

user_accounts::user_accounts(user_store& store, password_hasher& hasher, std::uint32_t keys_max,
                             std::function<time_point()> now, std::function<void(const std::string&)> revoked)
    : store_(store), hasher_(hasher), keys_max_(keys_max), now_(std::move(now)), revoked_(std::move(revoked)) {}

task<result<user>> user_accounts::find(std::string user_id) {
  if (!is_id("usr", user_id)) co_return no_such_user();
  auto found = co_await store_.find_by_id(std::move(user_id));
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (!*found) co_return no_such_user();
  co_return std::move((*found)->who);
}

task<result<void>> user_accounts::may_administrate(identified who) {
  std::optional<user> by_now;
  if (!who.session_id.empty()) {
    auto holder = co_await store_.find_session(std::move(who.session_id), now_());
    if (!holder) co_return std::unexpected(std::move(holder.error()));
    by_now = std::move(*holder);
  } else if (!who.key_id.empty()) {
    auto owner = co_await store_.find_key_by_id(std::move(who.key_id));
    if (!owner) co_return std::unexpected(std::move(owner.error()));
    if (*owner) by_now = std::move((*owner)->who);
  }
  if (!by_now || by_now->disabled || by_now->id != who.user_id) {
    co_return failure(error_reason::unauthenticated, "these credentials are not valid here");
  }
  if (by_now->role != role::admin) co_return failure(error_reason::permission_denied, "this is for admins only");
  co_return result<void>();
}

task<result<user_page>> user_accounts::list_users(list_users_request asked) {
  if (asked.limit < 1 || asked.limit > users_per_page_max) {
    co_return failure(error_reason::invalid_argument,
                      fmt::format("\"limit\" must be between 1 and {}", users_per_page_max), "limit");
  }
  if (!asked.cursor.empty() && !is_id("usr", asked.cursor)) {
    co_return failure(error_reason::invalid_argument, "\"cursor\" is not one that a page has ended with", "cursor");
  }
  auto filter = check_filter(std::move(asked.wanted));
  if (!filter) co_return std::unexpected(std::move(filter.error()));
  auto listed = co_await store_.list_users(std::move(*filter), std::move(asked.cursor), asked.limit + 1);
  if (!listed) co_return std::unexpected(std::move(listed.error()));
  user_page page{.users = std::move(*listed), .next = {}};
  if (page.users.size() > asked.limit) {
    page.users.pop_back();
    page.next = page.users.back().id;
  }
  co_return page;
}

task<result<std::vector<user>>> user_accounts::find_users(std::vector<std::string> user_ids) {
  if (user_ids.size() > users_per_page_max) {
    co_return failure(error_reason::invalid_argument, fmt::format("at most {} ids", users_per_page_max), "user_ids");
  }
  co_return co_await store_.find_users(std::move(user_ids));
}

task<result<created_user>> user_accounts::create_user(new_user wanted) {
  auto name = check_username(wanted.username);
  if (!name) co_return std::unexpected(std::move(name.error()));
  created_user made;
  if (wanted.password.empty()) {
    made.password = make_password();
    wanted.password = made.password;
  } else if (auto good = check_new_password(wanted.password, name->key); !good) {
    co_return std::unexpected(std::move(good.error()));
  }
  auto hash = co_await hasher_.hash(std::move(wanted.password));
  if (!hash) co_return std::unexpected(std::move(hash.error()));
  const time_point now = now_();
  made.who = {
      .id = make_id("usr", now), .username = name->shown, .role = wanted.role, .disabled = false, .created_at = now};
  new_account stored{.id = made.who.id,
                     .name = std::move(*name),
                     .password_hash = std::move(*hash),
                     .role = wanted.role,
                     .created_at = now};
  auto added = co_await store_.add_account(std::move(stored));
  if (added) co_return made;
  if (added.error().reason == error_reason::conflict) {
    co_return failure(error_reason::conflict, "this username, or one that looks the same, is taken", "username");
  }
  co_return std::unexpected(std::move(added.error()));
}

task<result<user>> user_accounts::set_role(std::string user_id, role to) {
  auto set = co_await store_.set_role(user_id, to, now_());
  if (!set) co_return std::unexpected(std::move(set.error()));
  revoked_(user_id);
  co_return co_await find(std::move(user_id));
}

task<result<user>> user_accounts::set_disabled(std::string user_id, bool to) {
  auto set = co_await store_.set_disabled(user_id, to, now_());
  if (!set) co_return std::unexpected(std::move(set.error()));
  revoked_(user_id);
  co_return co_await find(std::move(user_id));
}

task<result<secret_string>> user_accounts::reset_password(std::string user_id) {
  const auto who = co_await find(user_id);  // before the work of a hash
  if (!who) co_return std::unexpected(who.error());
  secret_string password = make_password();
  auto set = co_await set_password(std::move(user_id), password);
  if (!set) co_return std::unexpected(std::move(set.error()));
  co_return password;
}

task<result<void>> user_accounts::set_password(std::string user_id, secret_string password) {
  auto hash = co_await hasher_.hash(std::move(password));
  if (!hash) co_return std::unexpected(std::move(hash.error()));
  auto changed = co_await store_.change_password(user_id, std::nullopt, std::move(*hash), {}, now_());
  if (!changed) co_return std::unexpected(std::move(changed.error()));
  if (!*changed) co_return no_such_user();
  revoked_(user_id);
  co_return result<void>();
}

task<result<void>> user_accounts::end_sessions(std::string user_id) {
  const auto who = co_await find(user_id);
  if (!who) co_return std::unexpected(who.error());
  auto ended = co_await store_.end_sessions(user_id, now_());
  if (ended) revoked_(user_id);
  co_return ended;
}

task<result<std::vector<api_key>>> user_accounts::list_keys_of(std::string user_id) {
  const auto who = co_await find(user_id);
  if (!who) co_return std::unexpected(who.error());
  co_return co_await store_.list_keys(std::move(user_id));
}

task<result<created_key>> user_accounts::create_key_for(std::string user_id, std::string name) {
  auto made = make_key(std::move(user_id), std::move(name), now_());
  if (!made) co_return std::unexpected(std::move(made.error()));
  auto added = co_await store_.add_key(made->stored, keys_max_);
  if (!added) co_return std::unexpected(std::move(added.error()));
  co_return created_key{.about = std::move(made->stored.about), .key = std::move(made->key)};
}

task<result<void>> user_accounts::revoke_key_of(std::string user_id, std::string key_id) {
  auto removed = co_await store_.remove_key(user_id, std::move(key_id), now_());
  if (removed) revoked_(user_id);
  co_return removed;
}

}  // namespace sluice::identity
