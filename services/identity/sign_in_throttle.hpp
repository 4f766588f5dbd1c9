// How often somebody may guess.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/task.hpp"
#include "base/error.hpp"
#include "identity/settings.hpp"
#include "limits/limiter.hpp"
#include "state/shared_state.hpp"

namespace sluice::identity {

/// How many attempts are being looked at, by what they are counted under. Any thread.
class attempts_under_way {
 public:
  /// One of them, for as long as this lives.
  using mark = std::shared_ptr<const void>;
  mark add(const std::string& count);
  bool any(const std::string& count) const;

 private:
  struct table {
    std::mutex mutex;
    std::unordered_map<std::string, unsigned> marks;
  };
  std::shared_ptr<table> table_ = std::make_shared<table>();
};

/// An attempt is charged before its password is looked at and given back if that was right, so that any number of
/// guesses at one moment are that number. Three counts must allow it: the address', that of the account from this
/// address, and that of the account from everywhere. The last is not asked where the account has signed in from this
/// address before: a stranger who guesses away cannot keep its owner out. Names that nobody has are counted the same
/// way. Where a count is used up by attempts that are still being looked at here, one waits a while for them: right
/// passwords that come together keep nobody out.
class sign_in_throttle {
 public:
  sign_in_throttle(limits::limiter& limiter, state::shared_state& state, const throttle_settings& told);

  /// What was charged. As long as it lives the attempt is under way.
  struct attempt {
    std::string address;
    std::string pair;
    std::string account;
    std::optional<limits::decision> of_address;
    std::optional<limits::decision> of_pair;
    std::optional<limits::decision> of_account;
    std::vector<attempts_under_way::mark> marks;
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
  task<result<std::optional<limits::decision>>> charge_attempt(const limits::limit& by, const std::string& key,
                                                               attempt& charged);

  limits::limiter& limiter_;
  state::shared_state& state_;
  std::chrono::milliseconds known_lifetime_;
  limits::limit by_address_;
  limits::limit by_pair_;
  limits::limit by_account_;
  limits::limit registrations_;
  attempts_under_way under_way_;
};

/// What an address is counted as: an IPv6 one as its network of 64 bits, for that is what one subscriber has.
std::string counted_address(const std::string& address);

}  // namespace sluice::identity
