// The connections of one worker to the servers that it asks: kept alive between requests, and bounded.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "async/task.hpp"
#include "async/wakeup.hpp"
#include "async/watchdog.hpp"
#include "base/error.hpp"
#include "http/stream_socket.hpp"
#include "http/url.hpp"

namespace sluice::http {

struct client_pool_settings {
  std::size_t connections_per_origin_max = 1024;  ///< in use and idle; who comes later waits
  std::size_t waiting_per_origin_max = 1024;      ///< for a connection; who comes later is refused
  std::size_t idle_per_origin_max = 64;           ///< kept for the next request; more are closed
  std::chrono::steady_clock::duration idle_timeout = std::chrono::seconds(60);
};

/// Must be held by a shared_ptr: leases keep their pool alive.
class client_pool : public std::enable_shared_from_this<client_pool> {
  struct place;

 public:
  /// The right to one connection, with or without one in it. Moves; destroying it closes the connection and lets the
  /// next one in.
  class lease {
   public:
    lease() = default;
    lease(lease&& other) noexcept;
    lease& operator=(lease&& other) noexcept;
    ~lease() { release(); }

    /// Null if one must be opened first.
    stream_socket* socket() { return socket_ ? &*socket_ : nullptr; }
    /// Whether the connection has carried a request before.
    bool reused() const { return reused_; }
    void set_socket(stream_socket socket);
    /// Closes the connection and keeps the right to one.
    void drop_socket();
    /// Gives the connection back for the next request. The lease is empty then.
    void keep();

   private:
    friend class client_pool;
    lease(std::shared_ptr<client_pool> pool, place& at) : pool_(std::move(pool)), place_(&at) {}
    void release();

    std::shared_ptr<client_pool> pool_;
    place* place_ = nullptr;
    std::optional<stream_socket> socket_;
    bool reused_ = false;
  };

  client_pool(executor on, client_pool_settings settings);
  ~client_pool();

  /// The idle connection to `to` that was used last, if it is still good; else the right to open one; nothing if
  /// there are as many as there may be, or others wait already.
  std::optional<lease> try_take(const origin& to);
  /// The same, waiting for its turn. Bounded by the caller, who cancels. `unavailable` if too many wait.
  task<result<lease>> take(origin to);

  /// Idle connections, to all origins.
  std::size_t idle_count() const;

 private:
  struct idle_connection {
    stream_socket socket;
    std::chrono::steady_clock::time_point since;
  };
  struct place {
    origin to;
    std::vector<idle_connection> idle;  ///< the newest last
    std::size_t open = 0;               ///< leases and idle connections
    std::list<async::wakeup> waiting;
  };
  place& place_of(const origin& to);
  std::optional<lease> try_take(place& at);
  void take_back(place& at, stream_socket socket);
  void free_one(place& at);
  void wake_next(place& at);
  void forget_if_unused(place& at);
  void close_old();

  executor executor_;
  client_pool_settings settings_;
  std::map<origin, place> places_;
  async::watchdog sweeper_;  ///< closes what is idle for too long
  bool sweeping_ = false;    ///< whether it is set
};

}  // namespace sluice::http
