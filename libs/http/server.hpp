// The HTTP/1.1 server: a listener per worker, one port for all.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "async/worker_pool.hpp"
#include "base/error.hpp"
#include "http/address.hpp"
#include "http/cors.hpp"
#include "http/exchange.hpp"
#include "http/router.hpp"
#include "http/tls_context.hpp"
#include "http/worker_buffer.hpp"
#include "telemetry/span.hpp"

namespace sluice::http {

/// What a server bounds. No deadline is a mere pause between two bytes: a client that sends or reads one byte a second
/// is cut all the same.
struct server_limits {
  std::size_t header_bytes_max = std::size_t{32} * 1024;          ///< of request line and fields (431), and of trailers
  std::size_t header_fields_max = 100;                            ///< (431)
  std::size_t body_bytes_max = std::size_t{10} * 1024 * 1024;     ///< (413)
  std::size_t bodies_bytes_max = std::size_t{256} * 1024 * 1024;  ///< of all bodies under way together (503)
  /// Of one client's bodies under way (429): the larger of `body_bytes_max` and this part of `bodies_bytes_max`.
  static constexpr std::size_t bodies_of_one_client = 4;
  std::size_t connections_max = 100'000;           ///< on all workers, taken sockets included (503)
  std::size_t connections_per_address_max = 1000;  ///< (429); trusted proxies aside

  std::chrono::milliseconds header_timeout{10'000};  ///< from the first byte, or the accept, to the end of the header
  std::chrono::milliseconds idle_timeout{75'000};    ///< between two requests of a connection
  std::chrono::milliseconds body_timeout{10'000};   ///< for a body to begin, to pause, and to lag behind the least rate
  std::chrono::milliseconds write_timeout{30'000};  ///< for a write, on top of what its bytes take at the least rate
  std::uint64_t bytes_per_second_min = 1024;        ///< the least rate of bodies and writes
  std::chrono::milliseconds linger_timeout{2'000};  ///< for the client to read an error that came before its body's end
};

struct server_settings {
  asio::ip::tcp::endpoint listen = {};  ///< port 0: a free one, the same on all workers
  std::optional<tls_context> tls = {};  ///< none: plain HTTP
  server_limits limits = {};
  std::vector<address_range> trusted_proxies = {};  ///< whose word on the client's address is believed: headers, PROXY
  cors_policy cors = {};
};

/// An answered request, for logs and metrics. Good during the call.
struct finished_exchange {
  const http::request& request;  ///< `request.route` is the label for metrics: paths are not bounded
  unsigned status;
  std::uint64_t response_bytes;                  ///< of the body, before chunking
  std::chrono::steady_clock::duration duration;  ///< from the request's first byte to the answer's last
  bool complete;                                 ///< false if the answer was cut off
  telemetry::span& span;                         ///< what `begin_span` gave; ends after this
};

/// What others want to know or decide; all optional, called on the worker of the connection, not to throw.
struct server_hooks {
  /// A request with its route is about to be handled: the span that it is, which becomes `request.trace`.
  std::function<telemetry::span(const request&)> begin_span = {};
  std::function<void(const finished_exchange&)> on_finished = {};
  /// A handler threw. The client has got a 500 with the request id, or a cut stream.
  std::function<void(const request&, std::exception_ptr)> on_handler_failure = {};
  /// Accepting failed (no descriptors left, …); the worker pauses and goes on.
  std::function<void(error_code)> on_accept_failure = {};
  /// The body of an error that the server answers by itself (404, 405, 413, …): `error_response` unless set.
  std::function<response(const request&, unsigned status, const error&)> make_error = {};
};

/// Counts since the start, but for `open`.
struct server_counters {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  ///< by a cap
  std::uint64_t connections_cut = 0;      ///< by a deadline
  std::uint64_t connections_open = 0;     ///< taken sockets included
  std::uint64_t requests = 0;
};

/// Serves from `start` to `stop`. The pool must run from before `stop` until after it.
class server {
 public:
  server(async::worker_pool& workers, worker_buffers& buffers, server_settings settings, router routes,
         server_hooks hooks = {});
  /// Stops without grace if that was not done.
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Takes the address: who connects waits for `start`. Fails with a message for the operator: "address 127.0.0.1:8080
  /// is in use", ….
  result<void> reserve();
  /// Listens on every worker. Fails as `reserve` does, which it begins with.
  result<void> start();
  /// Where it listens, after `start`: the port is the real one.
  asio::ip::tcp::endpoint local_endpoint() const;

  /// From now on a connection ends with its answer, and idle ones are closed; new ones are still taken, so that whoever
  /// asks for our health is told. Any thread; `stop` comes later.
  void wind_down();
  /// Closes the listeners and the idle connections, lets running exchanges end for at most `drain`, then cancels their
  /// handlers. Returns when no connection is left but the taken sockets, which are their owners'. Blocks; not on a
  /// worker. Idempotent.
  void stop(std::chrono::milliseconds drain);

  server_counters counters() const;

 private:
  struct shared;
  std::unique_ptr<shared> shared_;
};

/// Reads where to listen: "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080" (all addresses).
result<asio::ip::tcp::endpoint> parse_listen_address(std::string_view text);

}  // namespace sluice::http
