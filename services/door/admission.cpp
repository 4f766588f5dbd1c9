#include "door/admission.hpp"

#include <algorithm>

#include <openssl/crypto.h>

#include "base/digest.hpp"
#include "http/header_fields.hpp"

namespace sluice::door {
namespace {

// Longer credentials than any of ours are refused before they are hashed.
constexpr std::size_t credential_bytes_max = 4096;

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

admission::admission(const settings& told, identity::service& people) : settings_(told), people_(people) {
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

bool is_own_origin(const settings& told, std::string_view origin, std::string_view host) {
  if (!told.public_origin.empty() && http::equal_without_case(origin, told.public_origin)) return true;
  const bool is_web = origin.starts_with("http://") || origin.starts_with("https://");
  return is_web && !host.empty() && http::equal_without_case(origin.substr(origin.find("://") + 3), host);
}

bool is_allowed_origin(const settings& told, std::string_view origin, std::string_view host) {
  return origin.empty() || is_own_origin(told, origin, host) ||
         std::ranges::find(told.allowed_origins, origin) != told.allowed_origins.end();
}

}  // namespace sluice::door
