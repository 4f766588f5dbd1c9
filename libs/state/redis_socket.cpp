#include "state/redis_socket.hpp"

#include <boost/asio/ssl.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/asio/write.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace sluice::state {
namespace {

// A peer that is gone without a word is noticed within about twenty seconds, also when nothing is sent.
void set_patience(tcp_socket& socket) {
  const auto set = [&](int level, int name, int value) {
    // Where the system does not know it, commands' deadlines have to do.
    static_cast<void>(::setsockopt(socket.native_handle(), level, name, &value, sizeof value));
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 3);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 15'000);
}

}  // namespace

struct redis_socket::tls_layer {
  tls_layer(tcp_socket& over, asio::ssl::context& trust) : stream(over, trust) {}
  asio::ssl::stream<tcp_socket&> stream;
};

result<redis_trust> make_redis_trust(const std::string& authorities_file) {
  auto trust = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(trust->native_handle(), TLS1_2_VERSION);
  trust->set_verify_mode(asio::ssl::verify_peer);
  error_code code;
  trust->set_default_verify_paths(code);
  if (code) return failure(error_reason::internal, "cannot read the system's authorities: " + code.message());
  if (!authorities_file.empty()) trust->load_verify_file(authorities_file, code);
  if (code) {
    return failure(error_reason::invalid_argument,
                   "cannot read authorities (PEM) from \"" + authorities_file + "\": " + code.message(),
                   "state.ca_file");
  }
  return trust;
}

redis_socket::redis_socket(tcp_socket connected) : socket_(std::move(connected)) {
  set_patience(socket_);
}

redis_socket::~redis_socket() = default;

task<error_code> redis_socket::handshake(asio::ssl::context& trust, const std::string& host) {
  auto layer = std::make_unique<tls_layer>(socket_, trust);
  error_code not_address;
  asio::ip::make_address(host, not_address);
  // Server Name Indication is for names (RFC 6066, section 3).
  if (not_address) SSL_set_tlsext_host_name(layer->stream.native_handle(), host.c_str());
  layer->stream.set_verify_callback(asio::ssl::host_name_verification(host));
  tls_ = std::move(layer);
  const auto [code] = co_await tls_->stream.async_handshake(asio::ssl::stream_base::client, use_task_nothrow);
  co_return code;
}

task<redis_socket::outcome> redis_socket::read_some(std::span<char> into) {
  const auto buffer = asio::buffer(into.data(), into.size());
  const auto [code, bytes] = tls_ ? co_await tls_->stream.async_read_some(buffer, use_task_nothrow)
                                  : co_await socket_.async_read_some(buffer, use_task_nothrow);
  co_return outcome{.error = code, .bytes = bytes};
}

task<error_code> redis_socket::write_all(std::string_view bytes) {
  const auto buffer = asio::buffer(bytes.data(), bytes.size());
  const auto [code, written] = tls_ ? co_await asio::async_write(tls_->stream, buffer, use_task_nothrow)
                                    : co_await asio::async_write(socket_, buffer, use_task_nothrow);
  co_return code;
}

void redis_socket::close() {
  error_code ignored;
  static_cast<void>(socket_.close(ignored));
}

}  // namespace sluice::state
