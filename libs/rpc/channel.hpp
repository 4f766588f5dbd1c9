// The way to a service on other nodes. The narrow header: what includes gRPC is client.hpp.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "async/task.hpp"
#include "base/error.hpp"
#include "rpc/call.hpp"
#include "rpc/credentials.hpp"
#include "telemetry/log.hpp"

namespace sluice::rpc {

class connections;
class instruments;

struct channel_settings {
  std::string peer;                    ///< the service's name, for messages: "identity"
  std::vector<std::string> addresses;  ///< HOST:PORT, grpc://HOST:PORT, or any target of gRPC's (dns:///…)
  security protection;
  std::size_t message_bytes_max = 11U << 20;  ///< the limit of HTTP bodies and a MiB
  /// New calls turn away from nodes that are not serving. Off where one certain node is meant, also while it drains.
  bool only_serving = true;
  instruments* watch = nullptr;  ///< outlives the channel
};

/// Connections to all nodes of one service, which calls go to in turn; nodes that are away, or say that they are not
/// serving, are left out. Connects when it is first used, and again by itself. Any thread.
class channel {
 public:
  /// Errors: invalid_argument (no or odd addresses; certificates).
  static result<std::unique_ptr<channel>> make(channel_settings told, const telemetry::logger& log);
  /// Cancels what is under way and waits for its end. Not on a worker; while the workers are there.
  ~channel();

  const std::string& peer() const;
  /// Whether a node answers, and takes calls of this one: what readiness shows. Errors: unavailable.
  task<result<void>> check(milliseconds limit);
  /// Ends all calls that are under way, as `unavailable`.
  void cancel_all();
  /// Whether no call is under way.
  bool is_idle() const;
  /// For client.hpp.
  connections& links() { return *links_; }

 private:
  explicit channel(std::unique_ptr<connections> links);
  std::unique_ptr<connections> links_;
};

}  // namespace sluice::rpc
