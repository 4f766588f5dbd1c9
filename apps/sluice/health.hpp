// Is this process alive, and may it be sent work? For load balancers and supervisors.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "async/task.hpp"
#include "async/worker_pool.hpp"
#include "base/error.hpp"
#include "http/router.hpp"

namespace sluice::app {

/// `/livez` and `/healthz` look at nothing but whether a worker answers. `/readyz` says what was found when what the
/// process needs was last asked, which is once a second and not by the probes: many of them cost nothing. Outlives the
/// HTTP servers and the workers' running.
class health {
 public:
  struct dependency {
    std::string name;
    std::function<task<result<void>>()> check;  ///< on the first worker; broken off after two seconds
  };
  health(async::worker_pool& workers, std::vector<dependency> needed);

  /// Begins to ask; before the workers run or while they do.
  void begin();
  /// From now on `/readyz` says 503.
  void drain() { draining_.store(true, std::memory_order_relaxed); }

  std::vector<http::route> routes();

 private:
  task<> keep_asking();
  task<> answer_ready(http::exchange& with) const;

  async::worker_pool& workers_;
  const std::vector<dependency> needed_;
  std::atomic<bool> draining_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> troubles_;  // of each dependency; empty: none
};

}  // namespace sluice::app
