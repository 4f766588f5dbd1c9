// What identity's rules can be told. Filled from the configuration by whoever wires it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/secret_string.hpp"
#include "identity/passwords.hpp"

namespace sluice::identity {

using std::chrono::milliseconds;

enum class registration : std::uint8_t { open, closed };

/// Failures are counted in token buckets: so many at once, and then one every so often. A right password gives its
/// count back.
struct throttle_settings {
  std::uint32_t pair_failures = 10;      ///< of one account from one address
  std::uint32_t account_failures = 100;  ///< of one account from addresses that it never signed in from
  std::uint32_t address_failures = 60;   ///< of one address, whatever the account
  std::uint32_t registrations = 120;     ///< of one address, failed or not
  milliseconds window{15 * 60'000};      ///< in which each of these is made good for
  milliseconds known_address_lifetime{30LL * 24 * 3'600'000};
};

struct settings {
  std::string issuer = "sluice";  ///< of tokens; `server.public_url` where that is set
  milliseconds token_ttl{15 * 60'000};
  milliseconds refresh_ttl{30LL * 24 * 3'600'000};  ///< counted anew at each refresh
  /// How long a refresh token that was used is answered with the same successor again: when two tabs did it at once…
  milliseconds refresh_grace{10'000};
  /// … and while nobody has used that successor: then its answer may have been lost on the way.
  milliseconds refresh_lost{120'000};
  registration registration = registration::open;
  hashing_settings hashing;
  throttle_settings throttle;
  milliseconds signing_key_rotation{30LL * 24 * 3'600'000};
  secret_string sealing_secret;                 ///< what signing keys are sealed with in the store; empty: they are not
  milliseconds signing_key_notice{5 * 60'000};  ///< between the making of a key and its first signature
  milliseconds revocation_poll{1'000};
  milliseconds revocation_poll_followed{250};              ///< while somebody follows them
  milliseconds revocation_lifetime{7LL * 24 * 3'600'000};  ///< how far back one can follow them
  milliseconds key_cache_ttl{10 * 60'000};                 ///< how long an API key is answered from memory
  milliseconds key_use_interval{60'000};                   ///< how exactly `last_used_at` is kept
  std::uint32_t keys_per_user_max = 100;
  std::uint32_t sessions_per_user_max = 100;  ///< past it, the one that was refreshed longest ago ends
  std::size_t cached_credentials_max = 131'072;
};

}  // namespace sluice::identity
