// A node says again and again that it is there.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "async/task_group.hpp"
#include "async/worker_pool.hpp"
#include "state/node_registry.hpp"
#include "telemetry/log.hpp"

namespace sluice::app {

/// For who lists the nodes. With shared state away it goes on trying.
class presence {
 public:
  using counts = std::function<std::vector<std::pair<std::string, std::uint64_t>>()>;

  presence(async::worker_pool& workers, state::shared_state& in, const telemetry::logger& log);

  /// Begins, with what does not change, and what `live` counts at each moment, on the first worker.
  void begin(state::node_record about, counts live);
  /// Says that it leaves. Not on a worker, while they run.
  void end();

 private:
  task<> keep_saying();
  task<> leave();

  async::worker_pool& workers_;
  state::node_registry registry_;
  telemetry::logger log_;
  state::node_record about_;
  counts live_;
  async::task_group saying_;
};

}  // namespace sluice::app
