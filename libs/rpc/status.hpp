// Errors on the wire: ours whole, others' by their code.
#pragma once

#include <string_view>

#include <grpcpp/support/status.h>

#include "base/error.hpp"

namespace sluice::rpc {

/// Carries everything of `what` but its `detail`. Messages past 8 KiB are cut between characters.
grpc::Status to_status(const error& what);

/// The error that `to_status` was given. What others said (the library, a proxy, a server of another make) becomes an
/// error about `peer`, the name of the service, with their words as `detail`. A call that the other side did not want
/// from us is `unavailable`: our caller's credentials are not what was wrong.
error to_error(const grpc::Status& status, std::string_view peer);

/// Whether the other side does not take our certificate or secret.
bool is_refusal_of_us(const grpc::Status& status);

}  // namespace sluice::rpc
