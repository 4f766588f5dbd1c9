// Addresses as they stand in the configuration: "127.0.0.1:8080", "[::1]:0".
#pragma once

#include <optional>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>

namespace sluice::app {

/// An IP address, in brackets if it is of version 6, and a port. "*:8080" and ":8080" are all addresses of version 4.
std::optional<boost::asio::ip::tcp::endpoint> parse_address(std::string_view text);

}  // namespace sluice::app
