// Being told to stop.
#pragma once

#include <chrono>
#include <csignal>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "async/task.hpp"

namespace sluice::app {

/// SIGTERM and SIGINT, caught from its making on: a process that has said `ready` must not die of the first one.
class stop_signal {
 public:
  stop_signal() : signals_(loop_, SIGTERM, SIGINT) {
    signals_.async_wait([](error_code, int) {});
  }
  /// Blocks until the first one; from then on another ends the process as the system does by default.
  void wait() {
    loop_.run();
    give_up_signals();
  }
  /// Blocks until the first one, and no longer than `limit`. Whether there was one by now.
  bool wait_for(std::chrono::milliseconds limit) {
    loop_.run_for(limit);
    if (loop_.stopped()) give_up_signals();
    return loop_.stopped();
  }

 private:
  void give_up_signals() {
    signals_.clear();
    std::signal(SIGTERM, SIG_DFL);
    std::signal(SIGINT, SIG_DFL);
  }

  asio::io_context loop_{1};
  asio::signal_set signals_;
};

}  // namespace sluice::app
