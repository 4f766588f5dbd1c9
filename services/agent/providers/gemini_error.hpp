// What the Gemini API says when it refuses or fails, as our errors. No I/O.
// Source: https://google.aip.dev/193 (errors of Google's APIs: status, ErrorInfo, RetryInfo, BadRequest).
#pragma once

#include <chrono>
#include <string_view>

#include "agent/providers/provider_error.hpp"

namespace sluice::agent {

/// As `error_of_refusal`, from `{"error":{"code","message","status","details"}}`, which may stand in a list. What
/// Google says in words of its own:
///
/// - `status` counts before the code: UNAUTHENTICATED, RESOURCE_EXHAUSTED and so on.
/// - A key that is not valid comes as 400 INVALID_ARGUMENT; it is our configuration that is wrong, not the request. So
///   is FAILED_PRECONDITION: the account lacks billing, or the region is not served.
/// - `retryDelay` of a RetryInfo is `retry_after`; the first field of a BadRequest is `param`.
error gemini_error_of_refusal(const provider_refusal& refusal, std::string_view provider,
                              std::chrono::system_clock::time_point now);

/// An `error` in place of an answer or in mid-stream. One without a status that is known is bad_gateway.
error gemini_error_of_event(std::string_view json, std::string_view provider);

}  // namespace sluice::agent
