// A streaming HTTP/1.1 client for one worker: the way of every token from a provider.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "async/blocking_pool.hpp"
#include "async/task.hpp"
#include "base/error.hpp"
#include "http/client_pool.hpp"
#include "http/proxy.hpp"
#include "http/resolver.hpp"
#include "http/tls_context.hpp"
#include "http/url.hpp"

namespace sluice::http {

class client_exchange;

/// One request. All that it points to must stay until `send` has returned.
struct client_request {
  const origin& to;
  std::string_view method = "POST";
  std::string_view target;  ///< path and query as they go on the wire, e.g. "/v1/chat/completions"
  /// Whole lines, each ended by CR LF: made once per provider, never logged. Not Host, Content-Length, Connection,
  /// Transfer-Encoding or Accept-Encoding, which are the client's.
  std::string_view header_lines = {};
  std::string_view more_header_lines = {};      ///< the same, of this request alone
  std::span<const std::string_view> body = {};  ///< sent one after the other
};

/// How long to wait for what. Only waiting counts: the time that the caller takes between two reads runs against
/// `total` alone.
struct client_deadlines {
  using duration = std::chrono::steady_clock::duration;
  duration connect = std::chrono::seconds(5);         ///< a free connection, or name, TCP, proxy and TLS
  duration first_byte = std::chrono::seconds(60);     ///< from there to the end of the response's head
  duration between_bytes = std::chrono::seconds(30);  ///< of the body
  duration total = std::chrono::minutes(10);          ///< from the call of `send` to the end of the body
};

/// A response whose head has come. Moves; lives and is destroyed on its worker. Destroying it gives the connection back
/// if the body has been read to its end; else it closes it at once, which is how a cancel reaches the provider.
class client_response {
 public:
  explicit client_response(std::unique_ptr<client_exchange> exchange);
  client_response(client_response&&) noexcept;
  client_response& operator=(client_response&&) noexcept;
  ~client_response();

  unsigned status() const;
  /// How often the request was sent again, on another connection.
  unsigned repeats() const;
  /// A field's value, by its name in any case; the first one if it occurs several times. Empty if it is missing. Lives
  /// as long as the response.
  std::string_view header(std::string_view name) const;

  /// Readable bytes behind what `read_some` gives, for simdjson.
  static constexpr std::size_t readable_padding = 64;
  /// The next bytes of the body, in a view that lives until the next call or the response's end. An empty view is the
  /// body's proper end; a body that is cut off is an error (bad_gateway), as is what passes a deadline (timed_out).
  /// When the caller is cancelled, the connection is closed and operation_aborted thrown.
  task<result<std::string_view>> read_some();
  /// The rest of the body; more than `bytes_max` is an error (bad_gateway), for a provider owes us short answers here.
  task<result<std::string>> read_all(std::size_t bytes_max);
  /// Closes the connection now; a `read_some` that waits fails with `cancelled`.
  void abort();

 private:
  std::unique_ptr<client_exchange> exchange_;
};

struct client_settings {
  client_pool_settings pool;
  resolver_settings names;
  proxy_rules proxies;
  std::size_t head_bytes_max = 64 * 1024;  ///< of a response; more is bad_gateway
  std::size_t read_bytes = 16 * 1024;      ///< of one read of a body
};

/// Sends requests from one worker. Redirects are not followed, nothing is compressed, no cookie is kept. Must outlive
/// the sends under way; responses may outlive it.
class client {
 public:
  /// `lookups` is for names; `trust` (`tls_context::make_client`) says which certificates are good; all workers share
  /// one.
  client(executor on, async::blocking_pool& lookups, tls_context trust, const client_settings& settings = {});
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Sends a request and returns when the response's head has come, whatever its status. Errors: `unavailable` (no such
  /// name, refused, too many connections), `timed_out` (the message says which deadline), `bad_gateway` (certificate,
  /// malformed response, connection cut, proxy refuses). Messages hold host and port, never headers or bodies. A
  /// request is repeated only when a connection that was used before dies without a byte of the response, at once.
  task<result<client_response>> send(const client_request& request, const client_deadlines& limits);

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace sluice::http
