#include "identity/identity.hpp"

#include <utility>

#include "base/digest.hpp"
#include "base/ids.hpp"
#include "identity/names.hpp"
#include "identity/secrets.hpp"

namespace sluice::identity {
namespace {

// Unknown name, wrong password, disabled account: one answer.
std::unexpected<error> wrong_sign_in() {
  return failure(error_reason::unauthenticated, "the username or the password is wrong");
}

bool is_verdict(const error& why) {
  return why.reason == error_reason::unauthenticated;
}

}  // namespace

identity::identity(user_store& store, limits::limiter& limiter, state::shared_state& state, settings told, clock now,
                   observer& watcher)
    : store_(store),
      settings_(std::move(told)),
      now_(std::move(now)),
      observer_(watcher),
      hasher_(settings_.hashing),
      throttle_(limiter, state, settings_.throttle),
      keys_(store, settings_),
      verified_(settings_.cached_credentials_max, settings_.key_use_interval),
      feed_(store, [this](const revocation& what) { verified_.forget(what); }),
      accounts_(store, hasher_, settings_.keys_per_user_max, now_, [this](const std::string& id) { forget(id); }) {}

task<result<void>> identity::start() {
  if (auto started = co_await feed_.start(); !started) co_return started;
  co_return co_await keys_.renew(now_());
}

task<result<user>> identity::register_user(credentials wanted, origin from) {
  if (settings_.registration == registration::closed) {
    co_return failure(error_reason::permission_denied, "registration is closed here: ask an admin for an account");
  }
  auto name = check_username(wanted.username);
  if (!name) co_return std::unexpected(std::move(name.error()));
  if (auto good = check_new_password(wanted.password, name->key); !good) co_return std::unexpected(good.error());
  if (auto admitted = co_await throttle_.admit_registration(from.address); !admitted) {
    co_return std::unexpected(std::move(admitted.error()));
  }
  const auto taken = [] {
    return failure(error_reason::conflict, "this username, or one that looks the same, is taken", "username");
  };
  const auto holder = co_await store_.find_by_name(name->key);
  if (!holder) co_return std::unexpected(holder.error());
  if (*holder) co_return taken();
  auto hash = co_await hasher_.hash(wanted.password);
  if (!hash) co_return std::unexpected(std::move(hash.error()));

  const time_point now = now_();
  new_account made{.id = make_id("usr", now),
                   .name = std::move(*name),
                   .password_hash = std::move(*hash),
                   .role = role::user,
                   .created_at = now};
  user who{.id = made.id, .username = made.name.shown, .role = made.role, .disabled = false, .created_at = now};
  const auto added = co_await store_.add_account(std::move(made));
  if (!added && added.error().reason == error_reason::conflict) co_return taken();
  if (!added) co_return std::unexpected(added.error());
  observer_.on_registered(who, from);
  co_return who;
}

task<result<tokens>> identity::log_in(credentials given, origin from) {
  auto key = username_key(given.username);
  if (!key) co_return std::unexpected(std::move(key.error()));
  if (auto fits = check_password_size(given.password); !fits) co_return std::unexpected(fits.error());
  auto admitted = co_await throttle_.admit(*key, from.address);
  if (!admitted) {
    observer_.on_sign_in(admitted.error().reason == error_reason::rate_limited ? sign_in_outcome::throttled
                                                                               : sign_in_outcome::unavailable,
                         from);
    co_return std::unexpected(std::move(admitted.error()));
  }
  auto found = co_await store_.find_by_name(std::move(*key));
  result<tokens> given_out = std::unexpected(error{});
  if (found) {
    given_out = co_await attempt_sign_in(std::move(*found).value_or(account{}), std::move(given.password));
  } else {
    given_out = std::unexpected(std::move(found.error()));
  }
  if (given_out) {
    co_await throttle_.forgive(std::move(*admitted));
    observer_.on_sign_in(sign_in_outcome::good, from);
  } else if (is_verdict(given_out.error())) {
    observer_.on_sign_in(sign_in_outcome::wrong, from);
  } else {
    co_await throttle_.take_back(std::move(*admitted));
    observer_.on_sign_in(sign_in_outcome::unavailable, from);
  }
  co_return given_out;
}

// `found` without a hash is nobody.
task<result<tokens>> identity::attempt_sign_in(account found, secret_string password) {
  std::optional<std::string> hash;
  if (!found.password_hash.empty()) hash = found.password_hash;
  const auto right = co_await hasher_.verify(std::move(hash), password);
  if (!right) co_return std::unexpected(right.error());
  if (!*right || found.who.disabled) co_return wrong_sign_in();
  auto given = co_await begin_session(found);
  if (given) co_await rehash_if_outdated(std::move(found), std::move(password));
  co_return given;
}

task<result<tokens>> identity::begin_session(account owner) {
  const time_point now = now_();
  secret_string refresh_token = make_refresh_token();
  new_session made{.id = make_id("ses", now),
                   .user_id = owner.who.id,
                   .refresh_secret = secret_string(make_random(32)),
                   .refresh_hash = sha256_hex(refresh_token.reveal()),
                   .created_at = now,
                   .expires_at = now + settings_.refresh_ttl};
  std::string session_id = made.id;
  const auto begun =
      co_await store_.begin_session(std::move(made), owner.password_hash, settings_.sessions_per_user_max);
  if (!begun) co_return std::unexpected(begun.error());
  if (!*begun) co_return wrong_sign_in();  // disabled or changed while the hash was computed
  co_return make_tokens(owner.who, std::move(session_id), std::move(refresh_token), now);
}

task<> identity::rehash_if_outdated(account owner, secret_string password) {
  if (!hasher_.is_outdated(owner.password_hash)) co_return;
  auto hash = co_await hasher_.hash(std::move(password));
  // What fails here is done at the next sign-in.
  if (hash) co_await store_.replace_hash(owner.who.id, owner.password_hash, std::move(*hash));
}

result<tokens> identity::make_tokens(const user& who, std::string session_id, secret_string refresh_token,
                                     time_point now) const {
  const auto keys = keys_.current();
  if (!keys) return failure(error_reason::unavailable, "tokens cannot be signed yet; try again");
  const claims says{.token_id = make_id("tok", now),
                    .user_id = who.id,
                    .session_id = session_id,
                    .username = who.username,
                    .role = who.role,
                    .issued_at = now,
                    .expires_at = std::chrono::floor<std::chrono::seconds>(now + settings_.token_ttl)};
  return tokens{.access_token = keys->sign(says),
                .refresh_token = std::move(refresh_token),
                .expires_at = says.expires_at,
                .refresh_expires_at = now + settings_.refresh_ttl,
                .session_id = std::move(session_id),
                .who = who};
}

task<result<user>> identity::find_user(std::string user_id) {
  auto found = co_await store_.find_by_id(std::move(user_id));
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (!*found) co_return failure(error_reason::not_found, "there is no such user");
  co_return std::move((*found)->who);
}

task<result<void>> identity::change_password(std::string user_id, std::string session_id, secret_string old_password,
                                             secret_string new_password, origin from) {
  auto found = co_await store_.find_by_id(user_id);
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (!*found) co_return failure(error_reason::not_found, "there is no such user");
  const account owner = std::move(**found);
  const auto key = username_key(owner.who.username);
  if (!key) co_return std::unexpected(key.error());
  if (auto fits = check_password_size(old_password, "old_password"); !fits) co_return fits;
  if (auto good = check_new_password(new_password, *key, "new_password"); !good) co_return good;

  auto admitted = co_await throttle_.admit(*key, from.address);
  if (!admitted) co_return std::unexpected(std::move(admitted.error()));
  const auto right = co_await hasher_.verify(owner.password_hash, std::move(old_password));
  if (!right) {
    co_await throttle_.take_back(std::move(*admitted));
    co_return std::unexpected(right.error());
  }
  const auto refuse = [] { return failure(error_reason::permission_denied, "old_password: is wrong", "old_password"); };
  if (!*right) co_return refuse();
  co_await throttle_.forgive(std::move(*admitted));
  auto hash = co_await hasher_.hash(std::move(new_password));
  if (!hash) co_return std::unexpected(std::move(hash.error()));
  const auto changed =
      co_await store_.change_password(user_id, owner.password_hash, std::move(*hash), std::move(session_id), now_());
  if (!changed) co_return std::unexpected(changed.error());
  if (!*changed) co_return refuse();  // another change came first
  forget(user_id);
  co_return result<void>();
}

}  // namespace sluice::identity
