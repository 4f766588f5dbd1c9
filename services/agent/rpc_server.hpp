// The agent for other nodes: generations, conversations and usage.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/agent_service.hpp"
#include "agent/conversation_service.hpp"
#include "rpc/server.hpp"

namespace sluice::agent {

class module;

/// Answers what proto/agent/v1 asks. Before `server` starts; the module outlives it. `address` is where other nodes
/// reach this one; asked for each time, for it is known only when the server has started.
void add_rpc_services(rpc::server& server, module& agents, std::function<std::string()> address);

/// The parts of it.
std::shared_ptr<grpc::Service> make_rpc_service(rpc::call_host& host, service& agents,
                                                std::function<std::string()> address);
std::shared_ptr<grpc::Service> make_rpc_service(rpc::call_host& host, conversation_service& stored);

}  // namespace sluice::agent
