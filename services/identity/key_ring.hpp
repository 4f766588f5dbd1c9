// The keys that tokens are signed with: made, kept in the store, replaced in time.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "async/task.hpp"
#include "base/error.hpp"
#include "identity/key_seal.hpp"
#include "identity/settings.hpp"
#include "identity/tokens.hpp"
#include "identity/user_store.hpp"

namespace sluice::identity {

/// A new key is stored `signing_key_notice` before the first token is signed with it, so that whoever else reads the
/// store knows it by then; an old one stays until the last token that it signed has run out.
class key_ring {
 public:
  key_ring(user_store& store, const settings& told);

  /// Makes a key if the newest is too old, and loads all. One call at a time.
  task<result<void>> renew(time_point now);
  /// Never null after the first `renew` that succeeded. Any thread.
  std::shared_ptr<const token_keys> current() const { return current_.load(); }
  /// From a signature until no clock believes the token any more.
  std::chrono::milliseconds token_life() const { return token_life_; }
  /// When the oldest key that is still needed was made, as of the last `renew`.
  time_point needed_since(time_point now) const;

 private:
  task<result<std::vector<stored_signing_key>>> read();
  const stored_signing_key& choose(time_point now) const;

  user_store& store_;
  key_seal seal_;
  token_settings tokens_;
  std::chrono::milliseconds rotation_;
  std::chrono::milliseconds notice_;
  std::chrono::milliseconds token_life_;
  std::vector<stored_signing_key> stored_;
  std::string signing_;
  std::atomic<std::shared_ptr<const token_keys>> current_;
};

}  // namespace sluice::identity
