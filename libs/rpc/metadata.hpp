// Names of what travels beside messages.
#pragma once

namespace sluice::rpc::metadata {

inline constexpr char service_proof[] = "x-sluice-service";
inline constexpr char request_id[] = "x-request-id";
inline constexpr char trace_parent[] = "traceparent";
inline constexpr char trace_state[] = "tracestate";

}  // namespace sluice::rpc::metadata
