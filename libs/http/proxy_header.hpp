// What a proxy that passes connections on says before the client's first byte: the PROXY protocol, versions 1 and 2
// (https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt). No I/O.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>

namespace sluice::http {

/// More than this cannot be one that we read: version 2 with the largest address and some room for what it adds.
inline constexpr std::size_t proxy_header_bytes_max = 1024;

struct proxy_header {
  enum class kind {
    none,    ///< the bytes are the client's own
    whole,   ///< `bytes` of them are the proxy's
    broken,  ///< begun, but wrong or not whole; it comes in one piece, so there is nothing to wait for
  };
  kind is = kind::none;
  std::size_t bytes = 0;
  std::optional<boost::asio::ip::tcp::endpoint> client = {};  ///< none: the proxy speaks for itself (a health check)
};

/// `start`: the first bytes of a connection, as many as there are, up to `proxy_header_bytes_max`.
proxy_header parse_proxy_header(std::string_view start);

}  // namespace sluice::http
