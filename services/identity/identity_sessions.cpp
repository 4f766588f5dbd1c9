// What follows a sign-in: refreshing, signing out, being recognised, API keys.
#include <utility>

#include "base/digest.hpp"
#include "base/ids.hpp"
#include "identity/identity.hpp"
#include "identity/secrets.hpp"

namespace sluice::identity {
namespace {

// More refreshes than this within one grace are somebody's loop.
constexpr int successors_max = 64;

constexpr std::uint32_t revocations_at_once = 1000;

// How much the clocks of identity's nodes, which say when something was revoked, may differ.
constexpr std::chrono::minutes clocks_apart{5};

std::unexpected<error> refuse_credential() {
  return failure(error_reason::unauthenticated, "these credentials are not valid here");
}

std::unexpected<error> refuse_refresh() {
  return failure(error_reason::unauthenticated, "this session is over: sign in again");
}

std::string hash_of(const secret_string& secret) {
  return sha256_hex(secret.reveal());
}

identified make_identified(const user& who) {
  return {
      .user_id = who.id, .username = who.username, .role = who.role, .session_id = {}, .key_id = {}, .expires_at = {}};
}

}  // namespace

void identity::forget(const std::string& user_id) {
  verified_.forget({.number = 0, .user_id = user_id, .session_id = {}, .key_id = {}});
  feed_.poke();
}

task<result<tokens>> identity::refresh(secret_string refresh_token, origin from) {
  if (!is_refresh_token(refresh_token.reveal())) co_return refuse_refresh();
  const time_point now = now_();
  std::string hash = hash_of(refresh_token);
  auto found = co_await store_.find_refresh(hash, now);
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (!*found) co_return refuse_refresh();
  refresh_record used = std::move(**found);

  secret_string next = next_refresh_token(refresh_token, used.refresh_secret);
  const auto turned = co_await store_.rotate(
      std::move(hash), hash_of(next), now,
      {.grace = now - settings_.refresh_grace, .lost = now - settings_.refresh_lost}, now + settings_.refresh_ttl);
  if (!turned) co_return std::unexpected(turned.error());
  switch (*turned) {
    case rotation::rotated:
      co_return make_tokens(used.owner.who, std::move(used.session_id), std::move(next), now);
    case rotation::again:
      co_return co_await newest_tokens(std::move(next), std::move(used));
    case rotation::reused:
      forget(used.owner.who.id);
      observer_.on_reuse(used.session_id, from);
      co_return refuse_refresh();
    case rotation::unknown:
      break;
  }
  co_return refuse_refresh();
}

// Two tabs refreshed with one token: the second gets what the first got, or what came of it since. Both hold the same
// token afterwards, so a thief who was one of them is noticed at the next refresh.
task<result<tokens>> identity::newest_tokens(secret_string refresh_token, refresh_record used) {
  const time_point now = now_();
  for (int i = 0; i < successors_max; ++i) {
    auto found = co_await store_.find_refresh(hash_of(refresh_token), now);
    if (!found) co_return std::unexpected(std::move(found.error()));
    if (!*found) break;
    if (!(*found)->used) {
      co_return make_tokens((*found)->owner.who, std::move(used.session_id), std::move(refresh_token), now);
    }
    refresh_token = next_refresh_token(refresh_token, used.refresh_secret);
  }
  co_return refuse_refresh();
}

task<result<void>> identity::log_out(std::string user_id, std::string session_id) {
  auto ended = co_await store_.end_session(user_id, session_id, now_());
  if (!ended) co_return ended;
  verified_.forget({.number = 0, .user_id = std::move(user_id), .session_id = std::move(session_id), .key_id = {}});
  feed_.poke();
  co_return result<void>();
}

task<result<void>> identity::log_out_by_refresh(secret_string refresh_token) {
  if (!is_refresh_token(refresh_token.reveal())) co_return result<void>();
  const time_point now = now_();
  std::string hash = hash_of(refresh_token);
  auto found = co_await store_.find_refresh(hash, now);
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (!*found) co_return result<void>();
  auto ended = co_await store_.end_session_of(std::move(hash), now);
  if (ended) forget((*found)->owner.who.id);
  co_return ended;
}

task<result<void>> identity::log_out_everywhere(std::string user_id) {
  auto ended = co_await store_.end_sessions(user_id, now_());
  if (ended) forget(user_id);
  co_return ended;
}

task<result<identified>> identity::identify(secret_string credential) {
  const std::string_view text = credential.reveal();
  if (text.empty() || text.size() > token_bytes_max) {
    observer_.on_check(check_outcome::refused);
    co_return refuse_credential();
  }
  const digest seen = sha256(text);
  const time_point now = now_();
  if (auto known = verified_.find(seen, now)) {
    if (known->use_due) uses_.note(known->who.key_id, now);
    observer_.on_check(check_outcome::remembered);
    co_return std::move(known->who);
  }
  result<identified> answer = refuse_credential();
  if (is_api_key(text)) {
    answer = co_await identify_key(seen, std::move(credential));
  } else if (!text.starts_with(api_key_prefix)) {
    answer = co_await identify_token(seen, std::move(credential));
  }
  if (answer) {
    observer_.on_check(check_outcome::verified);
  } else {
    const bool refused = answer.error().reason == error_reason::unauthenticated;
    observer_.on_check(refused ? check_outcome::refused : check_outcome::unavailable);
  }
  co_return answer;
}

task<result<identified>> identity::identify_token(digest seen, secret_string token) {
  const auto keys = keys_.current();
  if (!keys) co_return failure(error_reason::unavailable, "tokens cannot be checked yet; try again");
  const time_point now = now_();
  const auto says = keys->verify(token.reveal(), now);
  if (!says) co_return refuse_credential();
  const std::uint64_t epoch = verified_.epoch();
  const auto holder = co_await store_.find_session(says->session_id, now);
  if (!holder) co_return std::unexpected(holder.error());
  if (!*holder || (*holder)->id != says->user_id) co_return refuse_credential();
  identified who = make_identified(**holder);
  who.session_id = says->session_id;
  who.expires_at = says->expires_at;
  verified_.remember(seen, who, now, says->expires_at, epoch);
  co_return who;
}

task<result<identified>> identity::identify_key(digest seen, secret_string key) {
  const time_point now = now_();
  const std::uint64_t epoch = verified_.epoch();
  const auto owner = co_await store_.find_key(hash_of(key));
  if (!owner) co_return std::unexpected(owner.error());
  if (!*owner || (*owner)->who.disabled) co_return refuse_credential();
  identified who = make_identified((*owner)->who);
  who.key_id = (*owner)->key_id;
  uses_.note(who.key_id, now);
  verified_.remember(seen, who, now, now + settings_.key_cache_ttl, epoch);
  co_return who;
}

task<result<void>> identity::still_stands(identified who) {
  if (!who.session_id.empty()) {
    const auto holder = co_await store_.find_session(who.session_id, now_());
    if (!holder) co_return std::unexpected(holder.error());
    if (*holder && (*holder)->id == who.user_id) co_return result<void>();
  } else if (!who.key_id.empty()) {
    const auto owner = co_await store_.find_key_by_id(who.key_id);
    if (!owner) co_return std::unexpected(owner.error());
    if (*owner && (*owner)->who.id == who.user_id && !(*owner)->who.disabled) co_return result<void>();
  }
  co_return refuse_credential();
}

task<result<std::vector<api_key>>> identity::list_keys(std::string user_id) {
  return store_.list_keys(std::move(user_id));
}

task<result<created_key>> identity::create_key(std::string user_id, std::string name) {
  return accounts_.create_key_for(std::move(user_id), std::move(name));
}

task<result<void>> identity::revoke_key(std::string user_id, std::string key_id) {
  auto removed = co_await store_.remove_key(user_id, key_id, now_());
  if (!removed) co_return removed;
  verified_.forget({.number = 0, .user_id = std::move(user_id), .session_id = {}, .key_id = std::move(key_id)});
  feed_.poke();
  co_return result<void>();
}

task<result<revocation_batch>> identity::follow_revocations(std::uint64_t after, std::chrono::milliseconds patience) {
  return feed_.follow(after, patience);
}

task<result<verification>> identity::get_verification() {
  const auto keys = keys_.current();
  if (!keys) co_return failure(error_reason::unavailable, "tokens cannot be checked yet; try again");
  const auto newest = co_await store_.newest_revocation();
  if (!newest) co_return std::unexpected(newest.error());
  const auto older = co_await store_.newest_revocation_before(now_() - keys_.token_life() - clocks_apart);
  if (!older) co_return std::unexpected(older.error());
  co_return verification{.told = keys->told(),
                         .token_life = keys_.token_life(),
                         .keys = keys->public_keys(),
                         .revocations_after = std::max<std::uint64_t>(1, *older),
                         .newest_revocation = *newest};
}

task<result<void>> identity::hear_of(std::uint64_t number) {
  for (std::uint64_t heard = feed_.newest(); heard < number;) {
    const auto rows = co_await store_.revocations_after(heard, revocations_at_once);
    if (!rows) co_return std::unexpected(rows.error());
    if (rows->empty()) break;
    for (const revocation& each : *rows)
      verified_.forget(each);
    heard = rows->back().number;
  }
  co_return result<void>();
}

task<result<void>> identity::write_key_uses() {
  auto uses = uses_.take();
  if (uses.empty()) co_return result<void>();
  co_return co_await store_.note_uses(std::move(uses));
}

task<result<void>> identity::sweep() {
  const time_point now = now_();
  user_store::expiry at{.now = now,
                        .revocations_before = now - settings_.revocation_lifetime,
                        .signing_keys_before = keys_.needed_since(now)};
  co_return co_await store_.sweep(at);
}

}  // namespace sluice::identity
