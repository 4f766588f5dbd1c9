// Errors as the Gemini API words them. No I/O.
#pragma once

#include <string>

#include "base/error.hpp"
#include "http/message.hpp"

namespace sluice::gateway::gemini {

/// `{"error":{"code":…,"message":…,"status":…}}`, with `google.rpc.RetryInfo` among its `details` where it is known
/// when to come again. Source: AIP-193 and what Google's SDK reads of it.
std::string error_body(const error& problem);

/// With the status that fits, and `retry-after`.
http::response error_response(const error& problem);
http::response error_response(unsigned status, const error& problem);

/// Whether a request is for this face, so that its 404 has this shape too: by its path, or under `/v1/models`, which
/// other dialects have as well, by the header that carries the key.
bool is_for_face(const http::request& asked);

}  // namespace sluice::gateway::gemini
