// The user store in SQL. Split by what the statements are about: user_store_sql.cpp has the accounts,
// user_store_sql_sessions.cpp the sessions, user_store_sql_keys.cpp keys of either kind, revocations and sweeping.
#pragma once

#include "identity/user_store.hpp"
#include "store/database.hpp"

namespace sluice::identity {

/// The tables of migrations/. Any worker; the database outlives it.
class user_store_sql : public user_store {
 public:
  explicit user_store_sql(store::database& in) : database_(in) {}

  task<result<void>> add_account(new_account made) override;
  task<result<std::optional<account>>> find_by_name(std::string name_key) override;
  task<result<std::optional<account>>> find_by_id(std::string user_id) override;
  task<result<std::vector<user>>> list_users(user_filter wanted, std::string after, std::uint32_t limit) override;
  task<result<std::vector<user>>> find_users(std::vector<std::string> user_ids) override;
  task<result<bool>> has_admin() override;
  task<result<void>> replace_hash(std::string user_id, std::string old_hash, std::string new_hash) override;
  task<result<bool>> change_password(std::string user_id, std::optional<std::string> old_hash, std::string new_hash,
                                     std::string kept_session, time_point now) override;
  task<result<void>> set_role(std::string user_id, role to, time_point now) override;
  task<result<void>> set_disabled(std::string user_id, bool to, time_point now) override;

  task<result<bool>> begin_session(new_session made, std::string verified_hash, std::uint32_t sessions_max) override;
  task<result<std::optional<refresh_record>>> find_refresh(std::string hash, time_point now) override;
  task<result<rotation>> rotate(std::string hash, std::string next_hash, time_point now, reuse_limits since,
                                time_point expires_at) override;
  task<result<std::optional<user>>> find_session(std::string session_id, time_point now) override;
  task<result<void>> end_session(std::string user_id, std::string session_id, time_point now) override;
  task<result<void>> end_session_of(std::string refresh_hash, time_point now) override;
  task<result<void>> end_sessions(std::string user_id, time_point now) override;

  task<result<void>> add_key(new_key made, std::uint32_t keys_max) override;
  task<result<std::vector<api_key>>> list_keys(std::string user_id) override;
  task<result<void>> remove_key(std::string user_id, std::string key_id, time_point now) override;
  task<result<std::optional<key_owner>>> find_key(std::string hash) override;
  task<result<std::optional<key_owner>>> find_key_by_id(std::string key_id) override;
  task<result<void>> note_uses(std::vector<key_use> uses) override;

  task<result<std::uint64_t>> newest_revocation() override;
  task<result<std::uint64_t>> newest_revocation_before(time_point since) override;
  task<result<std::vector<revocation>>> revocations_after(std::uint64_t number, std::uint32_t limit) override;

  task<result<std::vector<stored_signing_key>>> signing_keys() override;
  task<result<void>> add_signing_key(stored_signing_key made, time_point newer_than) override;
  task<result<void>> replace_private_half(stored_signing_key key) override;
  task<result<void>> sweep(expiry at) override;

 private:
  store::database& database_;
};

}  // namespace sluice::identity
