// Where a live generation is written: in shared state, for gateways that have not begun it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "async/task.hpp"
#include "base/error.hpp"
#include "state/shared_state.hpp"

namespace sluice::agent {

/// Where an agent is, and which of its lives it is in.
struct agent_place {
  std::string owner;    ///< one process's id: who is started again is another one
  std::string address;  ///< where other nodes reach it
};

/// Entries are leases: what nobody renews is over. Any worker. Errors everywhere: unavailable, which says nothing about
/// whether somebody is there.
class generation_directory {
 public:
  static constexpr std::chrono::milliseconds lease{10'000};
  static constexpr std::chrono::milliseconds renewal{3'000};
  /// Between two looks for agents that are gone.
  static constexpr std::chrono::milliseconds look{1'000};

  explicit generation_directory(state::shared_state& in) : in_(in) {}

  /// An agent says that a generation is with it, and says so again.
  task<result<void>> put(std::string generation_id, agent_place where, std::chrono::milliseconds lifetime = lease);
  task<result<void>> remove(std::string generation_id, std::string owner);
  /// Where it is; nothing if it is nowhere.
  task<result<std::optional<agent_place>>> find(std::string generation_id);

  /// An agent says that it is there.
  task<result<void>> put_agent(agent_place where);
  task<result<void>> remove_agent(std::string owner);
  task<result<bool>> has_agent(std::string owner);
  /// Leaves a mark, for who looks again. Whether the last one is still there: if not, nobody looked before, or shared
  /// state has lost what it knew.
  task<result<bool>> mark(std::string owner);

 private:
  state::shared_state& in_;
};

}  // namespace sluice::agent
