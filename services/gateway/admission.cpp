#include "gateway/admission.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <openssl/crypto.h>

#include "base/digest.hpp"
#include "http/header_fields.hpp"

namespace sluice::gateway {
namespace {

// Longer credentials than any of ours are refused before they are hashed.
constexpr std::size_t credential_bytes_max = 4096;

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

class socket_counts {
 public:
  // `who` becomes the one that other sockets of the same credential hold already.
  result<void> take(const settings& told, std::shared_ptr<const principal>& who) {
    const std::scoped_lock lock(mutex_);
    if (total_ >= told.sockets_max) {
      return failure(error_reason::unavailable, "this server has as many open sockets as it takes; try again later");
    }
    user_sockets& of_user = by_user_[who->user_id];
    if (of_user.count >= told.sockets_per_user_max) {
      if (of_user.count == 0) by_user_.erase(who->user_id);
      error refused{.reason = error_reason::rate_limited,
                    .message = fmt::format("{} open sockets is the most for one user; close one first",
                                           told.sockets_per_user_max)};
      refused.retry_after = std::chrono::seconds(5);
      return std::unexpected(std::move(refused));
    }
    if (of_user.newest && *of_user.newest == *who) {
      who = of_user.newest;
    } else {
      of_user.newest = who;
    }
    ++of_user.count;
    ++total_;
    return {};
  }
  void give_back(const std::string& user_id) {
    const std::scoped_lock lock(mutex_);
    const auto of_user = by_user_.find(user_id);
    if (of_user != by_user_.end() && --of_user->second.count == 0) by_user_.erase(of_user);
    --total_;
  }
  bool has(const std::string& user_id) const {
    const std::scoped_lock lock(mutex_);
    return by_user_.contains(user_id);
  }
  std::uint32_t total() const {
    const std::scoped_lock lock(mutex_);
    return total_;
  }

 private:
  mutable std::mutex mutex_;  // sockets open and close; no message or delta comes here
  struct user_sockets {
    std::uint32_t count = 0;
    std::shared_ptr<const principal> newest;  // as the last of them came in
  };
  std::unordered_map<std::string, user_sockets> by_user_;
  std::uint32_t total_ = 0;
};

socket_place& socket_place::operator=(socket_place&& other) noexcept {
  if (this != &other) {
    std::swap(counts_, other.counts_);
    std::swap(who_, other.who_);
  }
  return *this;
}

socket_place::~socket_place() {
  if (counts_) counts_->give_back(who_->user_id);
}

admission::admission(const settings& told, identity::service& people)
    : settings_(told), people_(people), counts_(std::make_shared<socket_counts>()) {
  principal demo{.user_id = "usr_demo", .name = "demo", .key_id = {}, .session_id = {}, .role = "user"};
  demo.fixed = true;
  demo_ = std::make_shared<const principal>(std::move(demo));
  for (const fixed_key& key : told.keys) {
    principal owner{.user_id = "usr_key_" + key.name,
                    .name = key.name,
                    .key_id = "key_" + key.name,
                    .session_id = {},
                    .role = key.role};
    owner.fixed = true;
    by_key_hash_.emplace(key.sha256, std::make_shared<const principal>(std::move(owner)));
  }
}

admission::~admission() = default;

std::shared_ptr<const principal> admission::find_fixed(std::string_view credential) const {
  for (const secret_string& token : settings_.insecure_tokens) {
    if (same_secret(credential, token.reveal())) return demo_;
  }
  if (by_key_hash_.empty()) return nullptr;
  // The hash is of what the caller sent, so that the look-up's time says nothing about the keys.
  const auto known = by_key_hash_.find(sha256_hex(credential));
  return known == by_key_hash_.end() ? nullptr : known->second;
}

task<result<std::shared_ptr<const principal>>> admission::authenticate(std::string_view credential) const {
  if (credential.empty()) {
    co_return failure(error_reason::unauthenticated,
                      "credentials are missing: send \"Authorization: Bearer <API key or token>\"");
  }
  if (credential.size() > credential_bytes_max)
    co_return failure(error_reason::unauthenticated, "these credentials are not valid here");
  if (auto known = find_fixed(credential)) co_return known;
  auto who = co_await people_.identify(secret_string(std::string(credential)));
  if (!who) co_return std::unexpected(std::move(who.error()));
  co_return std::make_shared<const principal>(principal{.user_id = std::move(who->user_id),
                                                        .name = std::move(who->username),
                                                        .key_id = std::move(who->key_id),
                                                        .session_id = std::move(who->session_id),
                                                        .role = std::string(identity::to_string(who->role)),
                                                        .expires_at = who->expires_at});
}

task<result<void>> admission::still_stands(const principal& who) const {
  if (who.fixed) co_return result<void>();
  identity::identified known{.user_id = who.user_id,
                             .username = who.name,
                             .role = identity::parse_role(who.role).value_or(identity::role::user),
                             .session_id = who.session_id,
                             .key_id = who.key_id,
                             .expires_at = who.expires_at};
  co_return co_await people_.still_stands(std::move(known));
}

result<socket_place> admission::take_socket_place(std::shared_ptr<const principal>& who) {
  if (auto taken = counts_->take(settings_, who); !taken) return std::unexpected(std::move(taken.error()));
  socket_place place;
  place.counts_ = counts_;
  place.who_ = who;
  return place;
}

std::uint32_t admission::open_sockets() const {
  return counts_->total();
}

bool admission::has_sockets(const std::string& user_id) const {
  return counts_->has(user_id);
}

bool is_own_origin(const settings& told, std::string_view origin, std::string_view host) {
  if (!told.public_origin.empty() && http::equal_without_case(origin, told.public_origin)) return true;
  const bool is_web = origin.starts_with("http://") || origin.starts_with("https://");
  return is_web && !host.empty() && http::equal_without_case(origin.substr(origin.find("://") + 3), host);
}

bool is_allowed_origin(const settings& told, std::string_view origin, std::string_view host) {
  return origin.empty() || is_own_origin(told, origin, host) ||
         std::ranges::find(told.allowed_origins, origin) != told.allowed_origins.end();
}

}  // namespace sluice::gateway
