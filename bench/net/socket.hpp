// Sockets as the measuring tools use them: IPv4, non-blocking, without delay.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <netinet/in.h>

namespace sluice::bench {

/// Owns a descriptor.
class socket_handle {
 public:
  socket_handle() = default;
  explicit socket_handle(int descriptor) : descriptor_(descriptor) {}
  socket_handle(socket_handle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  socket_handle& operator=(socket_handle&& other) noexcept;
  ~socket_handle() { close(); }
  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }
  void close();
  /// Closes so that the peer gets a reset instead of an orderly end.
  void reset();

 private:
  int descriptor_ = -1;
};

/// "127.0.0.1:8080", "localhost:0". Throws std::runtime_error that says what was expected.
sockaddr_in parse_address(std::string_view text);
std::string format_address(const sockaddr_in& address);

socket_handle listen_on(const sockaddr_in& address);
sockaddr_in local_address(const socket_handle& listener);
/// An invalid handle once there is nobody left to accept.
socket_handle accept_from(const socket_handle& listener);
/// Begins to connect; the socket becomes writable when it is done. `source` 0 lets the kernel choose, else it is the
/// own address in host order. Throws std::system_error.
socket_handle connect_to(const sockaddr_in& address, std::uint32_t source = 0);

enum class io_state : std::uint8_t { done, would_block, closed };

/// Reads until the socket is empty or `bytes_max` were appended to `to`.
io_state read_into(const socket_handle& socket, std::string& to, std::size_t bytes_max = 1 << 20);
/// Writes from `offset`, which it moves on.
io_state write_from(const socket_handle& socket, std::string_view from, std::size_t& offset);

}  // namespace sluice::bench
