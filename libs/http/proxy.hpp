// Which requests go through a proxy: HTTPS_PROXY, HTTP_PROXY and NO_PROXY as curl and Go read them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "base/error.hpp"
#include "base/secret_string.hpp"
#include "http/url.hpp"

namespace sluice::http {

/// As users write them.
struct proxy_settings {
  std::string https;       ///< proxy for https origins: http://[user:password@]host[:port], the scheme may be left out
  std::string http;        ///< proxy for http origins
  std::string exceptions;  ///< NO_PROXY: names, .suffixes, addresses, CIDRs, each with or without :port; or *
};

/// Reads the environment's variables; those in lower case come first, as with curl.
proxy_settings proxy_settings_from_environment();

struct proxy {
  origin at;
  secret_string authorization;  ///< the value of Proxy-Authorization; empty: none
};

/// The settings taken apart. Copies share what they hold.
class proxy_rules {
 public:
  /// No proxy for anything.
  proxy_rules() = default;
  /// The message says which setting is wrong and never repeats its value, which may hold a password.
  static result<proxy_rules> parse(const proxy_settings& settings);

  /// The proxy for an origin, or null to go straight. `localhost` and loopback addresses never go through one.
  const proxy* find(const origin& to) const;

 private:
  struct exception {
    std::string name;  ///< in lower case: matches the host and what is under it; with a leading dot only the latter
    std::optional<boost::asio::ip::address> network = {};  ///< in place of a name
    unsigned prefix_bits = 0;                              ///< of the network
    std::uint16_t port = 0;                                ///< 0: any
  };
  static std::optional<exception> parse_exception(std::string_view text);
  static bool matches(const exception& rule, const origin& to);

  std::shared_ptr<const proxy> https_;
  std::shared_ptr<const proxy> http_;
  std::vector<exception> exceptions_;
  bool everything_excepted_ = false;
};

}  // namespace sluice::http
