// Where a Redis is, and who we are to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret_string.hpp"

namespace sluice::state {

struct redis_address {
  bool tls = false;
  std::string host;  ///< a name, or an address (IPv6 without brackets)
  std::uint16_t port = 6379;
  std::string user;        ///< empty: Redis' `default`
  secret_string password;  ///< empty: none is sent
  std::uint32_t database = 0;

  /// "cache.example.org:6379/2", for messages.
  std::string shown() const;
};

/// Reads `redis://user:password@host:port/database`, or `rediss://` for TLS; all but the host may be left out. The
/// message never repeats the URL, which may hold a password.
result<redis_address> parse_redis_url(std::string_view url);

}  // namespace sluice::state
