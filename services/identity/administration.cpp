#include "identity/administration.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/ids.hpp"
#include "identity/api_keys.hpp"
#include "identity/names.hpp"

namespace sluice::identity {
namespace {

constexpr std::uint32_t page_users = 500;

}  // namespace

administration::administration(std::unique_ptr<user_store> store, password_cost cost, std::uint32_t keys_max,
                               std::function<time_point()> now)
    : store_(std::move(store)), cost_(cost), keys_max_(keys_max), now_(std::move(now)) {}

task<result<user>> administration::find(std::string username) {
  auto key = username_key(username);
  if (!key) co_return std::unexpected(std::move(key.error()));
  auto found = co_await store_->find_by_name(std::move(*key));
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (!*found) co_return failure(error_reason::not_found, "there is no user of that name", "username");
  co_return std::move((*found)->who);
}

task<result<user>> administration::add_user(std::string username, secret_string password, role as) {
  auto name = check_username(username);
  if (!name) co_return std::unexpected(std::move(name.error()));
  if (auto good = check_new_password(password, name->key); !good) co_return std::unexpected(good.error());
  const time_point now = now_();
  new_account made{.id = make_id("usr", now),
                   .name = std::move(*name),
                   .password_hash = hash_password(cost_, password),
                   .role = as,
                   .created_at = now};
  user who{.id = made.id, .username = made.name.shown, .role = as, .disabled = false, .created_at = now};
  auto added = co_await store_->add_account(std::move(made));
  if (added) co_return who;
  if (added.error().reason == error_reason::conflict) {
    co_return failure(error_reason::conflict, "this username, or one that looks the same, is taken", "username");
  }
  co_return std::unexpected(std::move(added.error()));
}

task<result<std::vector<user>>> administration::list_users() {
  std::vector<user> all;
  for (;;) {
    auto page = co_await store_->list_users(all.empty() ? std::string() : all.back().id, page_users);
    if (!page) co_return std::unexpected(std::move(page.error()));
    if (page->empty()) co_return all;
    std::ranges::move(*page, std::back_inserter(all));
  }
}

task<result<user>> administration::set_password(std::string username, secret_string password) {
  auto who = co_await find(std::move(username));
  if (!who) co_return who;
  const auto key = username_key(who->username);
  if (!key) co_return std::unexpected(key.error());
  if (auto good = check_new_password(password, *key); !good) co_return std::unexpected(good.error());
  auto changed =
      co_await store_->change_password(who->id, std::nullopt, hash_password(cost_, password), std::string(), now_());
  if (!changed) co_return std::unexpected(std::move(changed.error()));
  co_return who;
}

task<result<user>> administration::set_role(std::string username, role to) {
  auto who = co_await find(std::move(username));
  if (!who) co_return who;
  auto set = co_await store_->set_role(who->id, to, now_());
  if (!set) co_return std::unexpected(std::move(set.error()));
  who->role = to;
  co_return who;
}

task<result<user>> administration::set_disabled(std::string username, bool to) {
  auto who = co_await find(std::move(username));
  if (!who) co_return who;
  auto set = co_await store_->set_disabled(who->id, to, now_());
  if (!set) co_return std::unexpected(std::move(set.error()));
  who->disabled = to;
  co_return who;
}

task<result<created_key>> administration::create_key(std::string username, std::string name) {
  auto who = co_await find(std::move(username));
  if (!who) co_return std::unexpected(std::move(who.error()));
  auto made = make_key(who->id, std::move(name), now_());
  if (!made) co_return std::unexpected(std::move(made.error()));
  auto added = co_await store_->add_key(made->stored, keys_max_);
  if (!added) co_return std::unexpected(std::move(added.error()));
  co_return created_key{.about = std::move(made->stored.about), .key = std::move(made->key)};
}

task<result<std::vector<api_key>>> administration::list_keys(std::string username) {
  auto who = co_await find(std::move(username));
  if (!who) co_return std::unexpected(std::move(who.error()));
  co_return co_await store_->list_keys(who->id);
}

task<result<user>> administration::revoke_key(std::string key_id) {
  auto owner = co_await store_->find_key_by_id(key_id);
  if (!owner) co_return std::unexpected(std::move(owner.error()));
  if (!*owner) co_return failure(error_reason::not_found, "there is no such key", "key_id");
  auto removed = co_await store_->remove_key((*owner)->who.id, std::move(key_id), now_());
  if (!removed) co_return std::unexpected(std::move(removed.error()));
  co_return std::move((*owner)->who);
}

}  // namespace sluice::identity
