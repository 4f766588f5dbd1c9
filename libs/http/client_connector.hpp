// From an origin to a connection that is ready for requests: name, TCP, proxy, TLS.
#pragma once

#include <chrono>
#include <optional>

#include "async/task.hpp"
#include "base/error.hpp"
#include "http/proxy.hpp"
#include "http/resolver.hpp"
#include "http/stream_socket.hpp"
#include "http/tls_context.hpp"
#include "http/url.hpp"

namespace sluice::http {

class client_connector {
 public:
  client_connector(executor on, async::blocking_pool& lookups, const resolver_settings& names, tls_context trust,
                   proxy_rules proxies, resolver::look_up how = resolver::system_look_up)
      : executor_(on),
        resolver_(on, lookups, names, std::move(how)),
        trust_(std::move(trust)),
        proxies_(std::move(proxies)) {}

  const proxy_rules& proxies() const { return proxies_; }

  /// Opens a connection within `limit`, which the addresses of a name share between them. Both this and `to` must
  /// outlive the task. Errors: `unavailable`, `timed_out`, `bad_gateway` (certificate, proxy).
  task<result<stream_socket>> connect(const origin& to, std::chrono::steady_clock::duration limit);

 private:
  using time_point = std::chrono::steady_clock::time_point;
  task<result<void>> open(const origin& to, time_point deadline, std::optional<stream_socket>& into);
  task<result<tcp_socket>> open_tcp(const origin& to, time_point deadline);

  executor executor_;
  resolver resolver_;
  tls_context trust_;
  proxy_rules proxies_;
};

}  // namespace sluice::http
