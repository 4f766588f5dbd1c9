// Identity for other nodes.
#pragma once

#include <memory>

#include "rpc/server.hpp"

namespace sluice::identity {

class identity;
class module;
class revocation_feed;
class user_administration;

/// Answers what proto/identity/v1 asks, by the module's rules: both services of it. Before `server` starts; the module
/// outlives it.
void add_rpc_services(rpc::server& server, module& people);

/// The parts of it.
std::shared_ptr<grpc::Service> make_rpc_service(rpc::call_host& host, identity& rules);
std::shared_ptr<grpc::Service> make_rpc_service(rpc::call_host& host, user_administration& accounts,
                                                revocation_feed& revocations);

}  // namespace sluice::identity
