// How often somebody may guess.
#pragma once

#include <optional>
#include <string>

#include "async/task.hpp"
#include "base/error.hpp"
#include "identity/settings.hpp"
#include "limits/limiter.hpp"
#include "state/shared_state.hpp"

namespace sluice::identity {

/// An attempt is charged before its password is looked at and given back if that was right, so that any number of
/// guesses at one moment are that number. Three counts must allow it: the address', that of the account from this
/// address, and that of the account from everywhere. The last is not asked where the account has signed in from this
/// address before: a stranger who guesses away cannot keep its owner out. Names that nobody has are counted the same
/// way.
class sign_in_throttle {
 public:
  sign_in_throttle(limits::limiter& limiter, state::shared_state& state, const throttle_settings& told);

  /// What was charged.
  struct attempt {
    std::string address;
    std::string pair;
    std::string account;
    std::optional<limits::decision> of_address;
    std::optional<limits::decision> of_pair;
    std::optional<limits::decision> of_account;
  };
  /// Errors: rate_limited, with retry_after; unavailable.
  task<result<attempt>> admit(std::string name_key, std::string address);
  /// The password was right.
  task<> forgive(attempt charged);
  /// Nothing was looked at: the database or the hashing was not to be had.
  task<> take_back(attempt charged);

  /// Errors: as `admit`.
  task<result<void>> admit_registration(std::string address);

 private:
  task<result<std::optional<limits::decision>>> charge(const limits::limit& by, const std::string& key);

  limits::limiter& limiter_;
  state::shared_state& state_;
  std::chrono::milliseconds known_lifetime_;
  limits::limit by_address_;
  limits::limit by_pair_;
  limits::limit by_account_;
  limits::limit registrations_;
};

/// What an address is counted as: an IPv6 one as its network of 64 bits, for that is what one subscriber has.
std::string counted_address(const std::string& address);

}  // namespace sluice::identity
