// Identity for other nodes.
#pragma once

#include <memory>

#include "rpc/server.hpp"

namespace sluice::identity {

class identity;
class module;

/// Answers what proto/identity/v1 asks by the module's rules:
///   rpc::server server(…); server.add(identity::make_rpc_service(server.host(), people)); server.start();
/// The module outlives the server.
std::shared_ptr<grpc::Service> make_rpc_service(rpc::call_host& host, module& people);
/// The same by rules alone, whose housekeeping is somebody else's.
std::shared_ptr<grpc::Service> make_rpc_service(rpc::call_host& host, identity& rules);

}  // namespace sluice::identity
