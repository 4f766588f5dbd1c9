// A node's gRPC server. The narrow header: what includes gRPC is handlers.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "async/worker_pool.hpp"
#include "base/error.hpp"
#include "rpc/call.hpp"
#include "rpc/credentials.hpp"
#include "telemetry/log.hpp"

namespace grpc {
class Service;
}

namespace sluice::rpc {

class call_host;
class instruments;

struct server_settings {
  std::string listen;  ///< ADDRESS:PORT, [IPV6]:PORT; port 0: any free one
  security protection;
  std::size_t message_bytes_max = 11U << 20;  ///< the limit of HTTP bodies and a MiB
  std::uint32_t calls_max = 65'536;           ///< at one time; beyond, they are `unavailable`
  instruments* watch = nullptr;               ///< outlives the server
};

/// Answers calls on gRPC's threads by handlers on the workers (handlers.hpp). Beside what is added it answers the
/// standard health service `grpc.health.v1`, to anybody, and `sluice.rpc.v1.Node`. Built and stopped by a thread that
/// is not a worker's, while the workers run.
class server {
 public:
  server(async::worker_pool& workers, server_settings told, const telemetry::logger& log);
  /// Stops at once if nobody has.
  ~server();

  /// Given to the services that are added.
  call_host& host();
  /// Before `start`. What `service` stands on outlives this server.
  void add(std::shared_ptr<grpc::Service> service);
  /// Errors: invalid_argument (address, certificates; or an address that others can reach, with neither mutual TLS nor
  /// a secret); unavailable, if the address is taken.
  result<void> start();
  /// ADDRESS:PORT as it is, after `start`.
  const std::string& address() const;

  /// What health says; true from `start` on. Clients that balance turn away from one that is not serving.
  void set_serving(bool to);
  /// No longer serving; endless calls are ended as `unavailable`, others have `grace` to end, then they are
  /// cancelled. Returns when none is left. Idempotent.
  void stop(milliseconds grace);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace sluice::rpc
