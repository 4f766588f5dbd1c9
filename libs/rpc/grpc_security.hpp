// Certificates and settings as gRPC takes them.
#pragma once

#include <memory>

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include "rpc/credentials.hpp"

namespace sluice::rpc {

/// Errors: as `read_tls_files`.
result<std::shared_ptr<grpc::ServerCredentials>> make_server_credentials(const tls_files& files);
result<std::shared_ptr<grpc::ChannelCredentials>> make_channel_credentials(const tls_files& files);

}  // namespace sluice::rpc
