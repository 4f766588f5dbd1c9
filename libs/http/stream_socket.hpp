// A connected TCP socket, plain or TLS with one face, that holds no buffer while it waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/buffer.hpp>

#include "async/task.hpp"

namespace sluice::http {

class tls_context;
class tls_session;

/// Lives on one worker, is read by one coroutine and written by one coroutine at a time. Failures are error codes; only
/// a cancelled coroutine throws `operation_aborted` when it awaits, as everywhere. Not to be moved while somebody waits
/// on it, but for waits that are cancelled right after.
///
/// A reader calls `try_read` until it would block, and only then `wait_readable`: with TLS, decrypted bytes may lie in
/// the session while the descriptor is silent.
class stream_socket {
 public:
  /// What a try came to. `bytes` may be positive only without an error; `would_block` says that nothing was done.
  /// The orderly end of the peer's bytes is `asio::error::eof`.
  struct outcome {
    std::size_t bytes = 0;
    error_code error = {};
    bool would_block = false;
  };

  /// Takes a connected socket: makes it non-blocking, without Nagle's delay.
  explicit stream_socket(tcp_socket socket);
  ~stream_socket();
  stream_socket(stream_socket&&) noexcept;
  stream_socket& operator=(stream_socket&&) noexcept;

  /// Turns the connection into TLS, as the side that was connected to. On failure says why; the socket is then of no
  /// use. Bounded by the caller: cancel the coroutine (`with_deadline`) or call `cancel`.
  task<std::expected<void, std::string>> handshake_as_server(const tls_context& context);
  /// The same as the side that connected, to a peer that must prove to be `host` (a name, or an address in text).
  task<std::expected<void, std::string>> handshake_as_client(const tls_context& context, const std::string& host);
  bool is_tls() const { return tls_ != nullptr; }

  task<error_code> wait_readable();
  /// For who waits without a coroutine between: what to wait for on `native()` before the next read; nothing if that
  /// need not wait.
  std::optional<asio::socket_base::wait_type> before_read();
  task<error_code> wait_writable();
  outcome try_read(std::span<char> into);
  /// Writes what the kernel takes at once, in one system call where it can. With TLS, bytes that were refused must
  /// come first in the next try.
  outcome try_write(std::span<const asio::const_buffer> buffers) { return try_write(buffers, 0); }
  /// The same for what earlier tries have left of these buffers: all but the first `done` bytes.
  outcome try_write(std::span<const asio::const_buffer> buffers, std::size_t done);
  /// Writes everything, waiting only when the peer is slow. The bytes must stay until it returns.
  task<error_code> write_all(std::span<const asio::const_buffer> buffers);
  task<error_code> write_all(std::string_view bytes);

  /// How many of the bytes written so far the peer's machine has acknowledged (with TLS a little less: records have
  /// heads). What tells a slow reader from none while the kernel takes nothing more from us.
  std::int64_t taken_bytes();

  /// Whether the peer has closed its side or the connection is broken, even behind bytes that were not read yet.
  bool peer_closed();
  /// Tells the peer that nothing more comes; reading goes on.
  void shutdown();
  /// Ends the waits of everybody on this socket with `operation_aborted`.
  void cancel();
  void close();
  bool is_open() const { return socket_.is_open(); }

  /// The other end; a default endpoint when the connection is gone.
  asio::ip::tcp::endpoint remote_endpoint() const;
  executor get_executor() { return socket_.get_executor(); }
  /// For waits with a completion handler of one's own.
  tcp_socket& native() { return socket_; }

 private:
  task<std::expected<void, std::string>> handshake();

  tcp_socket socket_;
  std::unique_ptr<tls_session> tls_;
  std::int64_t written_bytes_ = 0;
  // The last read took less than it could, so the next one would block: it says so without asking the kernel. What has
  // come since makes `wait_readable` return at once.
  bool drained_ = false;
};

}  // namespace sluice::http
