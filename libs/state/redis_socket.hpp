// A connected socket to a Redis, plain or TLS with one face.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "async/task.hpp"
#include "base/error.hpp"

namespace boost::asio::ssl {
class context;
}

namespace sluice::state {

using redis_trust = std::shared_ptr<asio::ssl::context>;

/// Whom to believe: the system's authorities, and those in `authorities_file` (PEM) if given.
result<redis_trust> make_redis_trust(const std::string& authorities_file);

/// One reader and one writer at a time. Failures are error codes; only a cancelled coroutine throws.
class redis_socket {
 public:
  /// Takes a connected socket; keeps it from being silent for ever when the other end is gone.
  explicit redis_socket(tcp_socket connected);
  ~redis_socket();
  redis_socket(const redis_socket&) = delete;
  redis_socket& operator=(const redis_socket&) = delete;

  /// Turns it into TLS, to a peer that must prove to be `host`. `trust` must outlive the socket.
  task<error_code> handshake(asio::ssl::context& trust, const std::string& host);

  struct outcome {
    error_code error;
    std::size_t bytes = 0;
  };
  task<outcome> read_some(std::span<char> into);
  task<error_code> write_all(std::string_view bytes);
  /// Ends what waits on it.
  void close();

 private:
  struct tls_layer;
  tcp_socket socket_;
  std::unique_ptr<tls_layer> tls_;
};

}  // namespace sluice::state
