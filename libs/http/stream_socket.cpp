#include "http/stream_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <boost/asio/error.hpp>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "http/tls_session.hpp"

namespace sluice::http {
namespace {

using wait_for = asio::socket_base;

error_code last_error() {
  return {errno, boost::system::system_category()};
}

stream_socket::outcome plain_read(int descriptor, std::span<char> into) {
  for (;;) {
    const ssize_t got = ::recv(descriptor, into.data(), into.size(), 0);
    if (got > 0) return {.bytes = static_cast<std::size_t>(got)};
    if (got == 0) return {.error = asio::error::eof};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {.would_block = true};
    if (errno != EINTR) return {.error = last_error()};
  }
}

// One system call for as many buffers as it takes, from the `done`-th byte on.
stream_socket::outcome plain_write(int descriptor, std::span<const asio::const_buffer> buffers, std::size_t done) {
  std::array<iovec, 64> pieces;
  std::size_t count = 0;
  for (const asio::const_buffer& buffer : buffers) {
    const std::size_t skip = std::min(done, buffer.size());
    done -= skip;
    if (buffer.size() == skip) continue;
    const char* from = static_cast<const char*>(buffer.data()) + skip;
    pieces[count++] = {.iov_base = const_cast<char*>(from), .iov_len = buffer.size() - skip};
    if (count == pieces.size()) break;
  }
  if (count == 0) return {};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = count;
  for (;;) {
    const ssize_t sent = ::sendmsg(descriptor, &message, MSG_NOSIGNAL);
    if (sent >= 0) return {.bytes = static_cast<std::size_t>(sent)};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {.would_block = true};
    if (errno != EINTR) return {.error = last_error()};
  }
}

}  // namespace

stream_socket::stream_socket(tcp_socket socket) : socket_(std::move(socket)) {
  error_code ignored;  // a connection that is already gone says so at the first read
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}
stream_socket::~stream_socket() = default;
stream_socket::stream_socket(stream_socket&&) noexcept = default;
stream_socket& stream_socket::operator=(stream_socket&&) noexcept = default;

task<std::expected<void, std::string>> stream_socket::handshake_as_server(const tls_context& context) {
  tls_ = std::make_unique<tls_session>(context, socket_.native_handle(), tls_session::role::server, std::string());
  return handshake();
}

task<std::expected<void, std::string>> stream_socket::handshake_as_client(const tls_context& context,
                                                                          const std::string& host) {
  tls_ = std::make_unique<tls_session>(context, socket_.native_handle(), tls_session::role::client, host);
  return handshake();
}

task<std::expected<void, std::string>> stream_socket::handshake() {
  for (;;) {
    const tls_session::progress progress = tls_->handshake();
    if (progress == tls_session::progress::done) co_return std::expected<void, std::string>();
    if (progress == tls_session::progress::failed) co_return std::unexpected(tls_->failure());
    const auto what = progress == tls_session::progress::wants_read ? wait_for::wait_read : wait_for::wait_write;
    const auto [code] = co_await socket_.async_wait(what, use_task_nothrow);
    if (code) co_return std::unexpected("the TLS handshake was broken off: " + code.message());
  }
}

task<error_code> stream_socket::wait_readable() {
  const auto what = before_read();
  if (!what) co_return error_code();
  const auto [code] = co_await socket_.async_wait(*what, use_task_nothrow);
  co_return code;
}

std::optional<asio::socket_base::wait_type> stream_socket::before_read() {
  if (tls_ && tls_->has_readable()) return std::nullopt;
  drained_ = false;
  return tls_ && tls_->read_wants_write() ? wait_for::wait_write : wait_for::wait_read;
}

task<error_code> stream_socket::wait_writable() {
  const auto what = tls_ && tls_->write_wants_read() ? wait_for::wait_read : wait_for::wait_write;
  const auto [code] = co_await socket_.async_wait(what, use_task_nothrow);
  co_return code;
}

stream_socket::outcome stream_socket::try_read(std::span<char> into) {
  if (!socket_.is_open()) return {.error = asio::error::bad_descriptor};
  if (tls_) return tls_->try_read(into);
  if (std::exchange(drained_, false)) return {.would_block = true};
  const outcome got = plain_read(socket_.native_handle(), into);
  drained_ = got.bytes != 0 && got.bytes < into.size();
  return got;
}

stream_socket::outcome stream_socket::try_write(std::span<const asio::const_buffer> buffers, std::size_t done) {
  if (!socket_.is_open()) return {.error = asio::error::bad_descriptor};
  const outcome sent = tls_ ? tls_->try_write(buffers, done) : plain_write(socket_.native_handle(), buffers, done);
  written_bytes_ += static_cast<std::int64_t>(sent.bytes);
  return sent;
}

task<error_code> stream_socket::write_all(std::span<const asio::const_buffer> buffers) {
  const std::size_t all = asio::buffer_size(buffers);
  for (std::size_t done = 0; done < all;) {
    const outcome step = try_write(buffers, done);
    if (step.error) co_return step.error;
    done += step.bytes;
    if (!step.would_block) continue;
    if (const error_code code = co_await wait_writable()) co_return code;
  }
  co_return error_code();
}

task<error_code> stream_socket::write_all(std::string_view bytes) {
  const asio::const_buffer one(bytes.data(), bytes.size());
  co_return co_await write_all(std::span(&one, 1));
}

std::int64_t stream_socket::taken_bytes() {
  int unacknowledged = 0;
  if (socket_.is_open()) ::ioctl(socket_.native_handle(), SIOCOUTQ, &unacknowledged);
  return written_bytes_ - unacknowledged;
}

bool stream_socket::peer_closed() {
  if (!socket_.is_open()) return true;
  // The state and not a peek: an end of stream that lies behind unread bytes is one, too.
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (::getsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return true;
  return info.tcpi_state != TCP_ESTABLISHED && info.tcpi_state != TCP_FIN_WAIT1 && info.tcpi_state != TCP_FIN_WAIT2;
}

void stream_socket::shutdown() {
  if (tls_) tls_->close_notify();
  error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

void stream_socket::cancel() {
  error_code ignored;
  socket_.cancel(ignored);
}

void stream_socket::close() {
  error_code ignored;
  socket_.close(ignored);
}

asio::ip::tcp::endpoint stream_socket::remote_endpoint() const {
  error_code ignored;
  return socket_.remote_endpoint(ignored);
}

}  // namespace sluice::http
