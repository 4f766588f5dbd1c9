// One TLS connection: OpenSSL on the descriptor itself, so that an idle session holds no record buffers.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <boost/asio/buffer.hpp>

#include "http/stream_socket.hpp"

struct ssl_st;

namespace sluice::http {

/// The part of a `stream_socket` that knows OpenSSL. It never waits: it says for what to wait.
class tls_session {
 public:
  enum class role { server, client };
  enum class progress { done, wants_read, wants_write, failed };

  /// `host` is the name that a client demands of its peer. Throws `std::bad_alloc` if OpenSSL has no memory.
  tls_session(const tls_context& context, int descriptor, role as, const std::string& host);

  /// Goes on with the handshake. After `failed`, `failure` says why.
  progress handshake();
  const std::string& failure() const { return failure_; }

  stream_socket::outcome try_read(std::span<char> into);
  /// Writes from the `done`-th byte of `buffers` on.
  stream_socket::outcome try_write(std::span<const asio::const_buffer> buffers, std::size_t done);
  /// Decrypted bytes that were not read yet: no need to wait for the descriptor.
  bool has_readable() const;
  /// Whether the last try to read (or write) waits for the descriptor to become writable (or readable).
  bool read_wants_write() const { return read_wants_write_; }
  bool write_wants_read() const { return write_wants_read_; }
  /// Sends close_notify if that is still possible.
  void close_notify();

 private:
  stream_socket::outcome outcome_of(int returned, bool reading);

  struct free_session {
    void operator()(ssl_st* session) const;
  };
  std::unique_ptr<ssl_st, free_session> session_;
  std::string failure_;
  bool read_wants_write_ = false;
  bool write_wants_read_ = false;
  bool broken_ = false;
};

}  // namespace sluice::http
