#include "bench/net/socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::bench {

namespace {

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

socket_handle open_socket() {
  socket_handle socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) throw_errno("socket");
  return socket;
}

void set_flag(const socket_handle& socket, int level, int option) {
  const int on = 1;
  setsockopt(socket.get(), level, option, &on, sizeof on);
}

}  // namespace

socket_handle& socket_handle::operator=(socket_handle&& other) noexcept {
  if (this != &other) {
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

void socket_handle::close() {
  if (is_open()) ::close(std::exchange(descriptor_, -1));
}

void socket_handle::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

sockaddr_in parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  std::uint16_t port = 0;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const std::string host(text.substr(0, colon));
  const bool port_is_number =
      colon != std::string_view::npos &&
      std::from_chars(text.data() + colon + 1, text.data() + text.size(), port).ptr == text.data() + text.size();
  if (!port_is_number || inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host.c_str(), &address.sin_addr) != 1)
    throw std::runtime_error("\"" + std::string(text) + "\" is not an address such as 127.0.0.1:8080");
  address.sin_port = htons(port);
  return address;
}

std::string format_address(const sockaddr_in& address) {
  std::array<char, INET_ADDRSTRLEN> host{};
  inet_ntop(AF_INET, &address.sin_addr, host.data(), host.size());
  return std::string(host.data()) + ":" + std::to_string(ntohs(address.sin_port));
}

socket_handle listen_on(const sockaddr_in& address) {
  socket_handle listener = open_socket();
  set_flag(listener, SOL_SOCKET, SO_REUSEADDR);
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) throw_errno("bind");
  if (listen(listener.get(), SOMAXCONN) < 0) throw_errno("listen");
  return listener;
}

sockaddr_in local_address(const socket_handle& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return address;
}

socket_handle accept_from(const socket_handle& listener) {
  socket_handle socket(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.is_open()) set_flag(socket, IPPROTO_TCP, TCP_NODELAY);
  return socket;
}

socket_handle connect_to(const sockaddr_in& address, std::uint32_t source) {
  socket_handle socket = open_socket();
  set_flag(socket, IPPROTO_TCP, TCP_NODELAY);
  if (source != 0) {
    // The port is chosen at connect, so that one address can serve as many sockets as there are ports per peer.
    set_flag(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(source);
    if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) < 0) throw_errno("bind");
  }
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 && errno != EINPROGRESS)
    throw_errno("connect");
  return socket;
}

io_state read_into(const socket_handle& socket, std::string& to, std::size_t bytes_max) {
  // Uninitialised on purpose: it is written by the kernel before it is read.
  static thread_local std::array<char, 65536> buffer;
  for (std::size_t total = 0; total < bytes_max;) {
    const ssize_t size = read(socket.get(), buffer.data(), buffer.size());
    if (size > 0) {
      to.append(buffer.data(), static_cast<std::size_t>(size));
      total += static_cast<std::size_t>(size);
      if (static_cast<std::size_t>(size) < buffer.size()) return io_state::done;
      continue;
    }
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return total > 0 ? io_state::done : io_state::would_block;
    return io_state::closed;
  }
  return io_state::done;
}

io_state write_from(const socket_handle& socket, std::string_view from, std::size_t& offset) {
  while (offset < from.size()) {
    const ssize_t size = send(socket.get(), from.data() + offset, from.size() - offset, MSG_NOSIGNAL);
    if (size < 0) return errno == EAGAIN || errno == EINTR ? io_state::would_block : io_state::closed;
    offset += static_cast<std::size_t>(size);
  }
  return io_state::done;
}

}  // namespace sluice::bench
