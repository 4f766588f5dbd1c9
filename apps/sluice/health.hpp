// Is this process alive, and may it be sent work? For load balancers and supervisors.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "async/task.hpp"
#include "async/task_group.hpp"
#include "async/worker_pool.hpp"
#include "base/error.hpp"
#include "http/router.hpp"
#include "telemetry/log.hpp"

namespace sluice::app {

/// `/livez` and `/healthz` look at nothing but whether a worker answers. `/readyz` says what was found when what the
/// process needs was last asked, which is once a second and not by the probes: many of them cost nothing. What has
/// changed since is logged. Outlives the HTTP servers and the workers' running.
class health {
 public:
  struct dependency {
    std::string name;
    std::function<task<result<void>>()> check;  ///< on the first worker; broken off after two seconds
    /// Whether there is no use in sending work here without it. What is not vital is named, and no more: a balancer
    /// that took away every node because of it would make a whole outage of half a one.
    bool is_vital = true;
  };
  health(async::worker_pool& workers, const telemetry::logger& log);

  /// Begins to ask what `needed` has; while the workers run, once.
  void begin(std::vector<dependency> needed);
  /// Returns when all of it has been asked once, or after `limit`. Not on a worker.
  void await_first_look(std::chrono::milliseconds limit);
  /// Ends that: nothing of `needed` is asked any more when it returns. Not on a worker.
  void stop();
  /// From now on `/readyz` says 503 and why, as it does from the beginning ("starting").
  void say_not_serving(std::string why);
  void say_serving();

  std::vector<http::route> routes();

 private:
  struct finding {
    std::string name;
    std::string trouble;  // empty: none
    bool is_vital;
  };
  task<> keep_asking();
  void log_change(const finding& before, const finding& now) const;
  task<> answer_ready(http::exchange& with) const;

  async::worker_pool& workers_;
  std::vector<dependency> needed_;  // of the first worker
  async::task_group asking_;
  mutable std::mutex mutex_;
  std::string not_serving_ = "starting";  // why; empty: it is
  std::vector<finding> found_;            // in the order of `needed_`
  std::condition_variable first_look_;
  bool has_looked_ = false;
  telemetry::logger log_;
};

}  // namespace sluice::app
