// Usage of everybody over the wire: proto/agent/v1/usage.proto.
#pragma once

#include <chrono>
#include <memory>

#include "agent/usage_reports.hpp"
#include "rpc/channel.hpp"
#include "rpc/server.hpp"

namespace sluice::agent {

/// For other nodes. What it is given outlives the server.
std::shared_ptr<grpc::Service> make_usage_rpc_service(rpc::call_host& host, usage_reports& usage);

/// On other nodes, held as if it were here. `over` outlives it. Each call ends within `deadline`.
std::unique_ptr<usage_reports> make_usage_rpc_client(rpc::channel& over, std::chrono::milliseconds deadline);

}  // namespace sluice::agent
