// Breaks off connections whose peer does not answer in time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>

namespace sluice::store {

/// libpq waits for an answer as long as it takes; a server that was stopped, or a network that swallows packets after
/// they were acknowledged, would hold its caller for ever. A socket that is due is shut down, whereupon the wait ends
/// with an error. Thread-safe.
class connection_watch {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  connection_watch();
  ~connection_watch();
  connection_watch(const connection_watch&) = delete;
  connection_watch& operator=(const connection_watch&) = delete;

  /// While it lives, the socket is shut down at `due`. It has the socket under a number of its own, for libpq closes
  /// what failed.
  class guard {
   public:
    guard(connection_watch& by, int socket, time_point due);
    ~guard();
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;

   private:
    connection_watch& by_;
    int socket_;
    std::uint64_t number_;
  };

 private:
  struct watched {
    int socket;
    time_point due;
  };
  void serve();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, watched> watched_;  // one a connection at most: looked through, not sorted by time
  std::uint64_t last_number_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::store
