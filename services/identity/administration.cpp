#include "identity/administration.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "identity/names.hpp"

namespace sluice::identity {
administration::administration(std::unique_ptr<user_store> store, const hashing_settings& hashing,
                               std::uint32_t keys_max, const std::function<time_point()>& now)
    : store_(std::move(store)),
      hasher_(hashing),
      accounts_(*store_, hasher_, keys_max, now, [](const std::string&) {}) {}

task<result<user>> administration::find(std::string username) {
  auto key = username_key(username);
  if (!key) co_return std::unexpected(std::move(key.error()));
  auto found = co_await store_->find_by_name(std::move(*key));
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (!*found) co_return failure(error_reason::not_found, "there is no user of that name", "username");
  co_return std::move((*found)->who);
}

task<result<user>> administration::add_user(std::string username, secret_string password, role as) {
  new_user wanted{.username = std::move(username), .password = std::move(password), .role = as};
  auto made = co_await accounts_.create_user(std::move(wanted));
  if (!made) co_return std::unexpected(std::move(made.error()));
  co_return std::move(made->who);
}

task<result<std::vector<user>>> administration::list_users() {
  std::vector<user> all;
  list_users_request asked;
  asked.limit = users_per_page_max;
  do {
    auto page = co_await accounts_.list_users(asked);
    if (!page) co_return std::unexpected(std::move(page.error()));
    std::ranges::move(page->users, std::back_inserter(all));
    asked.cursor = std::move(page->next);
  } while (!asked.cursor.empty());
  co_return all;
}

task<result<user>> administration::set_password(std::string username, secret_string password) {
  auto who = co_await find(std::move(username));
  if (!who) co_return who;
  const auto key = username_key(who->username);
  if (!key) co_return std::unexpected(key.error());
  if (auto good = check_new_password(password, *key); !good) co_return std::unexpected(good.error());
  auto changed = co_await accounts_.set_password(who->id, std::move(password));
  if (!changed) co_return std::unexpected(std::move(changed.error()));
  co_return who;
}

task<result<user>> administration::set_role(std::string username, role to) {
  auto who = co_await find(std::move(username));
  if (!who) co_return who;
  co_return co_await accounts_.set_role(std::move(who->id), to);
}

task<result<user>> administration::set_disabled(std::string username, bool to) {
  auto who = co_await find(std::move(username));
  if (!who) co_return who;
  co_return co_await accounts_.set_disabled(std::move(who->id), to);
}

task<result<created_key>> administration::create_key(std::string username, std::string name) {
  auto who = co_await find(std::move(username));
  if (!who) co_return std::unexpected(std::move(who.error()));
  co_return co_await accounts_.create_key_for(std::move(who->id), std::move(name));
}

task<result<std::vector<api_key>>> administration::list_keys(std::string username) {
  auto who = co_await find(std::move(username));
  if (!who) co_return std::unexpected(std::move(who.error()));
  co_return co_await store_->list_keys(std::move(who->id));
}

task<result<user>> administration::revoke_key(std::string key_id) {
  auto owner = co_await store_->find_key_by_id(key_id);
  if (!owner) co_return std::unexpected(std::move(owner.error()));
  if (!*owner) co_return failure(error_reason::not_found, "there is no such key", "key_id");
  auto removed = co_await accounts_.revoke_key_of((*owner)->who.id, std::move(key_id));
  if (!removed) co_return std::unexpected(std::move(removed.error()));
  co_return std::move((*owner)->who);
}

}  // namespace sluice::identity
