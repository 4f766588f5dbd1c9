// Questions that any agent answers alike, by call: see `agent_service.hpp` for what they mean.
#pragma once

#include <chrono>
#include <vector>

#include "agent/agent_service.hpp"
#include "agent/rpc_nodes.hpp"

namespace sluice::agent {

/// Each may take `deadline`, then it is `timed_out`. `nodes` outlives the calls.
task<result<embedding_answer>> embed_on_any(agent_nodes& nodes, caller who, generation::embedding_request asked,
                                            std::chrono::milliseconds deadline);
task<result<token_count>> count_tokens_on_any(agent_nodes& nodes, caller who, generation::request asked,
                                              std::chrono::milliseconds deadline);
task<result<std::vector<model_card>>> list_models_of_any(agent_nodes& nodes, caller who,
                                                         std::chrono::milliseconds deadline);

}  // namespace sluice::agent
