// Where a request goes: the absolute URLs of configuration, taken apart once.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace sluice::http {

/// One server as clients name it. Connections are pooled by it.
struct origin {
  bool tls = false;
  std::string host;  ///< a name in lower case, or an address (IPv6 without brackets)
  std::uint16_t port = 80;

  auto operator<=>(const origin&) const = default;
  /// The value of `Host`: brackets round an IPv6 address, the port unless it is the scheme's own.
  std::string host_header() const;
  /// `host:port`, as CONNECT and messages want it.
  std::string authority() const;
};

/// A provider's base URL, e.g. `https://api.example.org/v1`.
struct base_url {
  origin to;
  std::string path_prefix;  ///< "" or a path such as "/v1", without a slash at its end
};

/// Parses an absolute http or https URL. A user name, query or fragment is refused. The message never repeats the URL,
/// which may hold a secret by mistake; it reads on from the name of the setting ("must begin with …").
result<base_url> parse_base_url(std::string_view text);

}  // namespace sluice::http
