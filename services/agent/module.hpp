// The agent as `apps` builds it.
#pragma once

#include <memory>
#include <vector>

#include "agent/agent_service.hpp"
#include "agent/provider.hpp"
#include "agent/settings.hpp"
#include "async/worker_pool.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace sluice::agent {

class agent;

/// Owns the agent and what watches it. Outlives everything that holds its face.
class module {
 public:
  module(async::worker_pool& workers, settings told, std::vector<std::shared_ptr<provider>> providers,
         telemetry::metric_registry& metrics, const telemetry::logger& log);
  ~module();

  service& face();
  /// Begins the housekeeping on every worker.
  void begin();
  /// Refuses new generations; returns when none is running, or after `limit`, when the rest was cancelled.
  task<> drain(std::chrono::milliseconds limit);

 private:
  class watch;
  std::unique_ptr<watch> watch_;
  std::unique_ptr<agent> agent_;
};

}  // namespace sluice::agent
