#include "http/tls_session.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include "http/tls_context.hpp"

namespace sluice::http {
namespace {

// A record's worth: what small buffers are gathered into, so that each does not become a record of its own.
constexpr std::size_t record_bytes_max = SSL3_RT_MAX_PLAIN_LENGTH;

class tls_category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "tls"; }
  std::string message(int reason) const override {
    const char* text = ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, reason));
    return text != nullptr ? text : "TLS error";
  }
};

error_code tls_error(unsigned long packed) {
  static const tls_category category;
  const int reason = ERR_GET_REASON(packed);
  return {reason != 0 ? reason : 1, category};
}

int write_without_signal(BIO* bio, const char* bytes, int count) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent =
      ::send(static_cast<int>(BIO_get_fd(bio, nullptr)), bytes, static_cast<size_t>(count), MSG_NOSIGNAL);
  if (sent <= 0 && BIO_sock_should_retry(static_cast<int>(sent)) != 0) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

// OpenSSL's socket BIO, but for the signal that its write would raise when the peer is gone.
BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    const BIO_METHOD* base = BIO_s_socket();
    BIO_METHOD* made = BIO_meth_new(BIO_TYPE_SOCKET, "socket without SIGPIPE");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_write(made, write_without_signal);
    BIO_meth_set_read(made, BIO_meth_get_read(base));
    BIO_meth_set_puts(made, BIO_meth_get_puts(base));
    BIO_meth_set_ctrl(made, BIO_meth_get_ctrl(base));
    BIO_meth_set_create(made, BIO_meth_get_create(base));
    BIO_meth_set_destroy(made, BIO_meth_get_destroy(base));
    return made;
  }();
  return method;
}

void demand_peer(SSL* session, const std::string& host) {
  error_code not_an_address;
  const auto address = asio::ip::make_address(host, not_an_address);
  X509_VERIFY_PARAM* rules = SSL_get0_param(session);
  if (not_an_address) {
    SSL_set_tlsext_host_name(session, host.c_str());
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(rules, host.data(), host.size());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(rules, address.to_string().c_str());
  }
}

}  // namespace

void tls_session::free_session::operator()(ssl_st* session) const {
  SSL_free(session);
}

tls_session::tls_session(const tls_context& context, int descriptor, role as, const std::string& host)
    : session_(SSL_new(context.native())) {
  BIO* bio = BIO_new(socket_method());
  if (!session_ || bio == nullptr) throw std::bad_alloc();
  BIO_set_fd(bio, descriptor, BIO_NOCLOSE);
  SSL_set_bio(session_.get(), bio, bio);
  if (as == role::server) {
    SSL_set_accept_state(session_.get());
  } else {
    SSL_set_connect_state(session_.get());
    demand_peer(session_.get(), host);
  }
}

tls_session::progress tls_session::handshake() {
  ERR_clear_error();
  const int returned = SSL_do_handshake(session_.get());
  if (returned == 1) return progress::done;
  const int saved_errno = errno;
  switch (SSL_get_error(session_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return progress::wants_read;
    case SSL_ERROR_WANT_WRITE:
      return progress::wants_write;
    case SSL_ERROR_SYSCALL:
      failure_ = saved_errno != 0 ? std::strerror(saved_errno) : "the peer closed the connection";
      break;
    default: {
      const char* reason = ERR_reason_error_string(ERR_peek_error());
      failure_ = reason != nullptr ? reason : "TLS error";
    }
  }
  if (const long verdict = SSL_get_verify_result(session_.get()); verdict != X509_V_OK)
    failure_ += std::string(" (") + X509_verify_cert_error_string(verdict) + ")";
  broken_ = true;
  return progress::failed;
}

stream_socket::outcome tls_session::outcome_of(int returned, bool reading) {
  const int saved_errno = errno;
  const int kind = SSL_get_error(session_.get(), returned);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
    (reading ? read_wants_write_ : write_wants_read_) = kind == (reading ? SSL_ERROR_WANT_WRITE : SSL_ERROR_WANT_READ);
    return {.would_block = true};
  }
  if (kind == SSL_ERROR_ZERO_RETURN) return {.error = asio::error::eof};
  broken_ = true;
  if (kind == SSL_ERROR_SYSCALL && saved_errno != 0)
    return {.error = error_code(saved_errno, boost::system::system_category())};
  const unsigned long packed = ERR_peek_error();
  // Cut without a close_notify: whoever relies on the end of the stream must be able to tell.
  if (kind == SSL_ERROR_SYSCALL || ERR_GET_REASON(packed) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return {.error = asio::error::connection_reset};
  return {.error = tls_error(packed)};
}

stream_socket::outcome tls_session::try_read(std::span<char> into) {
  ERR_clear_error();
  errno = 0;
  read_wants_write_ = false;
  std::size_t got = 0;
  const int returned = SSL_read_ex(session_.get(), into.data(), into.size(), &got);
  if (returned == 1) return {.bytes = got};
  return outcome_of(returned, true);
}

stream_socket::outcome tls_session::try_write(std::span<const asio::const_buffer> buffers, std::size_t done) {
  std::array<char, record_bytes_max> record;
  const char* from = nullptr;
  std::size_t count = 0;
  for (const asio::const_buffer& buffer : buffers) {
    const std::size_t skip = std::min(done, buffer.size());
    done -= skip;
    const std::size_t rest = buffer.size() - skip;
    if (rest == 0) continue;
    const char* bytes = static_cast<const char*>(buffer.data()) + skip;
    if (count == 0 && (rest >= record.size() || &buffer == &buffers.back())) {
      from = bytes;
      count = rest;
      break;
    }
    const std::size_t taken = std::min(rest, record.size() - count);
    std::memcpy(record.data() + count, bytes, taken);
    from = record.data();
    count += taken;
    if (count == record.size()) break;
  }
  if (count == 0) return {};
  ERR_clear_error();
  errno = 0;
  write_wants_read_ = false;
  std::size_t sent = 0;
  const int returned = SSL_write_ex(session_.get(), from, count, &sent);
  if (returned == 1) return {.bytes = sent};
  return outcome_of(returned, false);
}

bool tls_session::has_readable() const {
  return SSL_pending(session_.get()) > 0;
}

void tls_session::close_notify() {
  if (broken_ || SSL_in_init(session_.get()) != 0) return;
  ERR_clear_error();
  SSL_shutdown(session_.get());
}

}  // namespace sluice::http
