// What a node that is not identity knows of credentials by itself: public keys, what was revoked, what it has asked
// for.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/digest.hpp"
#include "identity/identity.hpp"
#include "identity/verified_credentials.hpp"

namespace sluice::identity {

/// Sessions that were revoked, each for as long as tokens of it might be good otherwise. Bounded. Any thread.
class revoked_list {
 public:
  explicit revoked_list(std::size_t entries_max) : entries_max_(entries_max) {}

  /// False if there is no room, and so the list does not have all.
  bool add(const std::string& session_id, time_point now, milliseconds lifetime);
  bool has(const std::string& session_id) const;
  std::size_t size() const;

 private:
  std::size_t entries_max_;
  mutable std::mutex lock_;
  std::unordered_map<std::string, time_point> until_;
};

enum class local_verdict : std::uint8_t {
  good,
  refused,
  unknown_key,  ///< looks like ours, but no key that is known here signed it
  ask,          ///< cannot be told here
};

/// Any thread.
class local_checks {
 public:
  local_checks(std::size_t credentials_max, std::size_t revoked_max);

  /// From here on tokens are checked with these keys.
  void trust(const verification& with);
  /// Takes note of what was revoked after number `after`, before anybody else hears of it. False if there was no room
  /// for all of it; then tokens are not checked here any more.
  bool apply(std::uint64_t after, const revocation_batch& batch, time_point now);
  /// All that was revoked up to this number and matters still has been applied: tokens can be checked here.
  void complete_at(std::uint64_t number);
  /// It cannot be said any more what was revoked.
  void lose_track() { complete_.store(false, std::memory_order_release); }
  bool complete() const { return complete_.load(std::memory_order_acquire); }
  /// Up to which number all is known, once it is complete.
  std::uint64_t seen() const { return seen_.load(std::memory_order_acquire); }

  std::optional<identified> find(const digest& credential, time_point now);
  struct answer {
    local_verdict verdict;
    identified who;
  };
  answer check_token(const digest& seen, std::string_view token, time_point now);

  /// Before asking identity about an API key; `remember` keeps nothing that may be older than what was revoked since.
  std::uint64_t epoch() const { return verified_.epoch(); }
  void remember_key(const digest& seen, const identified& who, time_point now, time_point until, std::uint64_t epoch,
                    std::uint64_t as_of);
  std::size_t remembered() const { return verified_.size(); }

 private:
  struct trusted {
    token_verifier verifier;
    milliseconds token_life;
  };
  std::atomic<std::shared_ptr<const trusted>> trusted_;
  std::atomic<bool> complete_{false};
  std::atomic<std::uint64_t> seen_{0};
  revoked_list revoked_;
  verified_credentials verified_;
};

}  // namespace sluice::identity
