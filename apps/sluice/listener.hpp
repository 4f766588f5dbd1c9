// Where a role is reached over HTTP: by its clients, or by those who run it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "async/worker_pool.hpp"
#include "base/error.hpp"
#include "http/router.hpp"
#include "http/server.hpp"
#include "http/worker_buffer.hpp"

namespace sluice::app {

/// An HTTP server with an address that can be shown. Outlived by the workers' running.
class listener {
 public:
  listener(async::worker_pool& workers, http::worker_buffers& buffers, http::server_settings told,
           std::vector<http::route> routes, const http::server_hooks& hooks);

  /// So that nothing is begun where another process listens.
  result<void> reserve() { return server_.reserve(); }
  result<void> start() { return server_.start(); }
  /// `http://127.0.0.1:8080`: as somebody on this machine would type it. After `start`.
  std::string address() const;
  const http::server& server() const { return server_; }
  void wind_down() { server_.wind_down(); }
  void stop(std::chrono::milliseconds drain) { server_.stop(drain); }

 private:
  bool is_tls_;
  http::server server_;
};

}  // namespace sluice::app
