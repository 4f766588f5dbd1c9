// How many sockets may be open, and whose they are.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "door/principal.hpp"
#include "gateway/settings.hpp"

namespace sluice::gateway {

class socket_counts;

/// Counts an open socket; gives its place back when destroyed. Movable, any thread.
class socket_place {
 public:
  socket_place() = default;
  socket_place(socket_place&& other) noexcept = default;
  socket_place& operator=(socket_place&& other) noexcept;
  ~socket_place();

 private:
  friend class socket_places;
  std::shared_ptr<socket_counts> counts_;
  std::shared_ptr<const door::principal> who_;
};

/// Any worker.
class socket_places {
 public:
  explicit socket_places(const settings& told);
  ~socket_places();

  /// Takes a place for one more socket. Errors: rate_limited (of the user), unavailable (of the server). What one
  /// address may have open is the HTTP server's business. `who` becomes the one that other sockets of this credential
  /// hold already, so that a thousand sockets of one key hold it once.
  result<socket_place> take(std::shared_ptr<const door::principal>& who);
  std::uint32_t open_sockets() const;
  bool has_sockets(const std::string& user_id) const;

 private:
  const settings& settings_;
  std::shared_ptr<socket_counts> counts_;
};

}  // namespace sluice::gateway
