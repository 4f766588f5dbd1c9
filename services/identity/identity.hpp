// Identity's rules. identity.cpp has accounts and sign-ins, identity_sessions.cpp what follows from them.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "identity/identity_service.hpp"
#include "identity/key_ring.hpp"
#include "identity/key_uses.hpp"
#include "identity/passwords.hpp"
#include "identity/revocation_feed.hpp"
#include "identity/settings.hpp"
#include "identity/sign_in_throttle.hpp"
#include "identity/user_accounts.hpp"
#include "identity/user_store.hpp"
#include "identity/verified_credentials.hpp"

namespace sluice::identity {

using clock = std::function<time_point()>;

enum class sign_in_outcome : std::uint8_t { good, wrong, throttled, unavailable };
enum class check_outcome : std::uint8_t { remembered, verified, refused, unavailable };

/// Told of what happens, on whatever worker; for metrics and logs.
class observer {
 public:
  virtual ~observer() = default;
  virtual void on_sign_in(sign_in_outcome how, const origin& from) = 0;
  virtual void on_registered(const user& who, const origin& from) = 0;
  virtual void on_check(check_outcome how) = 0;
  /// A refresh token was used again after its grace: it was stolen, or its thief's was. The session has been ended.
  virtual void on_reuse(const std::string& session_id, const origin& from) = 0;
};

/// Enough to check access tokens from here on.
struct verification {
  token_settings told;
  milliseconds token_life;  ///< from a signature until no clock believes the token any more
  std::vector<public_signing_key> keys;
  std::uint64_t revocations_after = 0;  ///< only later ones may concern tokens that are still good otherwise; not 0
  std::uint64_t newest_revocation = 0;
};

class identity final : public service {
 public:
  identity(user_store& store, limits::limiter& limiter, state::shared_state& state, settings told, clock now,
           observer& watcher);

  task<result<user>> register_user(credentials wanted, origin from) override;
  task<result<tokens>> log_in(credentials given, origin from) override;
  task<result<tokens>> refresh(secret_string refresh_token, origin from) override;
  task<result<void>> log_out(std::string user_id, std::string session_id) override;
  task<result<void>> log_out_by_refresh(secret_string refresh_token) override;
  task<result<void>> log_out_everywhere(std::string user_id) override;
  task<result<identified>> identify(secret_string credential) override;
  task<result<void>> still_stands(identified who) override;
  task<result<user>> find_user(std::string user_id) override;
  task<result<void>> change_password(std::string user_id, std::string session_id, secret_string old_password,
                                     secret_string new_password, origin from) override;
  task<result<std::vector<api_key>>> list_keys(std::string user_id) override;
  task<result<created_key>> create_key(std::string user_id, std::string name) override;
  task<result<void>> revoke_key(std::string user_id, std::string key_id) override;
  task<result<revocation_batch>> follow_revocations(std::uint64_t after, std::chrono::milliseconds patience) override;

  /// What access tokens are checked with where identity is not asked. Errors: unavailable.
  task<result<verification>> get_verification();

  /// Forgets what was revoked up to this number, which somebody else has heard of already.
  task<result<void>> hear_of(std::uint64_t number);

  /// Reads what must be known before anything else: keys to sign with, the newest revocation.
  task<result<void>> start();
  /// The housekeeping, which the module calls in time, all on one worker.
  revocation_feed& revocations() { return feed_; }
  task<result<void>> renew_signing_keys() { return keys_.renew(now_()); }
  task<result<void>> write_key_uses();
  task<result<void>> sweep();
  /// The accounts of everybody, for those who administrate.
  user_administration& accounts() { return accounts_; }
  /// Hashes computed so far.
  std::uint64_t hashes() const { return hasher_.computed(); }
  std::size_t remembered() const { return verified_.size(); }

 private:
  task<result<tokens>> attempt_sign_in(account found, secret_string password);
  task<result<tokens>> begin_session(account owner);
  task<> rehash_if_outdated(account owner, secret_string password);
  result<tokens> make_tokens(const user& who, std::string session_id, secret_string refresh_token,
                             time_point now) const;
  task<result<tokens>> newest_tokens(secret_string refresh_token, refresh_record used);
  task<result<identified>> identify_token(digest seen, secret_string token);
  task<result<identified>> identify_key(digest seen, secret_string key);
  void forget(const std::string& user_id);

  user_store& store_;
  settings settings_;
  clock now_;
  observer& observer_;
  password_hasher hasher_;
  sign_in_throttle throttle_;
  key_ring keys_;
  verified_credentials verified_;
  key_uses uses_;
  revocation_feed feed_;
  user_accounts accounts_;
};

}  // namespace sluice::identity
