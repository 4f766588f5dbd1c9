// Where a role is reached over HTTP: its clients' address and, where that is set, the internal one.
#pragma once

#include <chrono>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "async/worker_pool.hpp"
#include "base/error.hpp"
#include "http/router.hpp"
#include "http/server.hpp"
#include "http/worker_buffer.hpp"

namespace sluice::app {

struct listener_settings {
  http::server_settings clients;
  std::optional<http::server_settings> internal;
};

class listeners {
 public:
  listeners(async::worker_pool& workers, http::worker_buffers& buffers, listener_settings told,
            std::vector<http::route> for_clients, std::vector<http::route> for_internal,
            const http::server_hooks& hooks);

  result<void> start();
  /// `http://127.0.0.1:8080`: the clients' address as somebody on this machine would type it.
  std::string address() const;
  /// One line `ready ADDRESS` for each.
  void say_ready(std::ostream& out) const;
  /// As `http::server::wind_down`, for clients.
  void wind_down();
  /// As `http::server::stop`; the internal one at once, after the other.
  void stop(std::chrono::milliseconds drain);

 private:
  bool is_tls_;
  http::server clients_;
  std::optional<http::server> internal_;
};

}  // namespace sluice::app
