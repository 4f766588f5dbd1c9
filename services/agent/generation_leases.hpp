// An agent keeps its generations in the directory, and ends those of agents that are gone.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "agent/conversation_store.hpp"
#include "agent/generation_directory.hpp"
#include "async/task_group.hpp"
#include "async/worker_pool.hpp"
#include "telemetry/log.hpp"

namespace sluice::agent {

/// Shared state being away, or losing what it knew, ends no lease: what is here goes on, and is said again when it is
/// back. An agent counts as gone when it is not to be found, for as long as it takes to renew, by somebody who could
/// look into a shared state that has known everything for the length of a lease. What it left is closed within `lease +
/// look + renewal + look` of its end.
class generation_leases {
 public:
  using clock = std::chrono::steady_clock;

  /// `kept`: how long an ended generation can still be followed here. `drop_conversation`: called on the first worker
  /// for what was deleted by way of another agent.
  generation_leases(async::worker_pool& workers, state::shared_state& in, conversation_store& store, agent_place here,
                    std::chrono::milliseconds kept, std::function<void(const std::string&)> drop_conversation,
                    const telemetry::logger& log);

  /// Begins, while the workers run.
  void begin();
  /// Leaves the directory. On the first worker.
  task<> stop();
  /// Any worker, at once and without waiting.
  void on_started(std::string generation_id);
  void on_ended(std::string generation_id, bool is_kept);
  void on_conversation_dropped(std::string conversation_id);
  /// One look for agents that are gone; once begun, by itself. On the first worker.
  task<> look_for_lost(clock::time_point now);

 private:
  task<> keep_renewing();
  task<> keep_looking_for_lost();
  task<> keep_hearing_of_dropped();
  task<> say_dropped(std::string conversation_id);
  task<> put(std::string generation_id, std::chrono::milliseconds lifetime);
  task<> remove(std::string generation_id);
  task<> close_lost(clock::time_point now);

  async::worker_pool& workers_;
  generation_directory directory_;
  conversation_store& store_;
  const agent_place here_;
  const std::chrono::milliseconds kept_;
  const std::function<void(const std::string&)> drop_conversation_;
  state::shared_state& state_;
  telemetry::logger log_;
  // Of the first worker.
  async::task_group running_;
  std::unordered_set<std::string> live_;
  std::optional<clock::time_point> whole_since_;                      // shared state could be looked into, and knew all
  std::unordered_map<std::string, clock::time_point> missing_since_;  // by owner
};

}  // namespace sluice::agent
