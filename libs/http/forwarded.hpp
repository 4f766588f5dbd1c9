// Who is behind the proxies: X-Forwarded-For, and Forwarded (RFC 7239); X-Forwarded-Proto. No I/O.
#pragma once

#include <vector>

#include "http/address.hpp"
#include "http/header_fields.hpp"

namespace sluice::http {

/// The address of the client, of whom the peer may be only a proxy. What the header says is believed as far as trusted
/// proxies wrote it: read from the right, the first address that is not one of theirs. The peer's own address where it
/// is not trusted itself, where what counts is malformed or hidden ("unknown"), and where the two headers contradict
/// each other: then one of them is the client's own invention that a proxy let through. IPv4 is never mapped.
boost::asio::ip::address find_client_address(const boost::asio::ip::address& peer, const header_fields& headers,
                                             const std::vector<address_range>& trusted_proxies);

/// Whether the client has spoken TLS with the proxy that asks for it: what X-Forwarded-Proto says last, which is what
/// the trusted peer wrote. Nobody else is believed.
bool is_forwarded_over_tls(const boost::asio::ip::address& peer, const header_fields& headers,
                           const std::vector<address_range>& trusted_proxies);

}  // namespace sluice::http
