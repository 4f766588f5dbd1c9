// Addresses of clients: what counts as one, ranges of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

namespace sluice::http {

/// An IPv4 address that came in IPv6's clothes (::ffff:192.0.2.1, as a socket for both gives it) as what it is.
boost::asio::ip::address unmapped(const boost::asio::ip::address& address);

/// What is counted as one client: an IPv4 address, or the /64 of an IPv6 address, which is what one of them is given.
using client_key = std::array<std::uint8_t, 16>;
client_key client_key_of(const boost::asio::ip::address& address);
struct client_key_hash {
  std::size_t operator()(const client_key& key) const {
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(key.data()), key.size()});
  }
};

/// A block of addresses as CIDR writes it (RFC 4632, RFC 4291).
class address_range {
 public:
  /// "10.0.0.0/8", "2001:db8::/32", or one address alone. Nothing for what is none, or has bits behind the prefix.
  static std::optional<address_range> parse(std::string_view text);
  bool contains(const boost::asio::ip::address& address) const;

 private:
  std::array<std::uint8_t, 16> bytes_;  // IPv4 as ::ffff:a.b.c.d
  unsigned prefix_bits_;                // of the 128
};

bool any_contains(const std::vector<address_range>& ranges, const boost::asio::ip::address& address);

}  // namespace sluice::http
