// How a gateway has an agent begin an answer.
#pragma once

#include "agent/agent_service.hpp"
#include "agent/rpc_nodes.hpp"

namespace sluice::agent {

/// Has any agent begin an answer. Where the line breaks nobody knows whether the agent has heard of it: what has a key
/// is begun once, however often it is asked for, so it is asked for again for a little while; the rest is its client's
/// to decide. `deadline`: of each call, and the time after which nothing is asked again. Errors: as `service::start`;
/// unavailable.
task<result<v1::Started>> start_on_any(agent_nodes& nodes, start_request asked, std::chrono::milliseconds deadline);

}  // namespace sluice::agent
