// Shared state by its URL.
#pragma once

#include <memory>
#include <string>

#include "async/worker_pool.hpp"
#include "state/redis_client.hpp"
#include "state/shared_state.hpp"

namespace sluice::state {

struct shared_state_settings {
  std::string url = "memory:";  ///< or redis://…, rediss://…
  std::string authorities_file;
  std::string prefix = "sluice:";
  std::chrono::milliseconds timeout{500};
};

/// What has been opened. `redis` is there if that is what it is, for limits, and outlives both.
struct opened_state {
  std::unique_ptr<redis_instruments> watch;
  std::shared_ptr<redis_client> redis;
  std::unique_ptr<shared_state> state;
  bool is_in_memory() const { return redis == nullptr; }
  /// Whether it can be reached; if not, the message says where it is and why not. For whoever runs the node.
  task<result<void>> check() const;
};

/// Connects on its own, on the first worker, and again whenever it has to: a Redis that is not there yet is no error.
/// Before the workers start. Errors: `invalid_argument` for the URL.
result<opened_state> open_shared_state(const shared_state_settings& told, async::worker_pool& workers,
                                       telemetry::metric_registry& metrics, const telemetry::logger& log);

}  // namespace sluice::state
