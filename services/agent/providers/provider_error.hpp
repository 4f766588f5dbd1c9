// What an OpenAI-compatible server says when it refuses or fails, as our errors. No I/O.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace sluice::agent {

/// The value of a header field of the provider's answer by its lower-case name; empty if it is not there.
using header_lookup = std::function<std::string_view(std::string_view name)>;

/// An answer that is not 2xx, as far as it says anything.
struct provider_refusal {
  unsigned status = 0;
  std::string_view body;
  header_lookup header;
};

/// What the status means to our client. The provider's own message and param are kept where the client can do something
/// about it; messages are bounded and cleaned, but may repeat our credentials: see `secret_mask`.
///
/// | status | reason |
/// |---|---|
/// | 400, 415, 422 | invalid_argument |
/// | 401, 403, 402, and 429 with the code insufficient_quota | bad_gateway: our configuration or account, not the
/// client's; waiting does not help | | 404 | not_found | | 408, 504 | timed_out | | 409 | conflict | | 413 | too_large
/// | | 429 | rate_limited, with `retry_after` | | 503, 529 | unavailable, with `retry_after` | | others | bad_gateway |
error error_of_refusal(const provider_refusal& refusal, std::string_view provider,
                       std::chrono::system_clock::time_point now);

/// An `error` in mid-stream: the object itself, one that holds it, or a bare string. Its code counts as a status where
/// it is one, its type where it is one of OpenAI's; otherwise bad_gateway.
error error_of_event(std::string_view json, std::string_view provider);

/// How long to wait, from `retry-after-ms`, `retry-after` (seconds or HTTP date), or else `x-ratelimit-reset-…` of what
/// is used up ("12ms", "6m0s", "1.5s"). At most a day.
std::optional<std::chrono::milliseconds> retry_after_of(const header_lookup& header,
                                                        std::chrono::system_clock::time_point now);

/// `text` as it may stand in a message: whole characters, control characters as spaces, at most `bytes_max` bytes.
std::string fit_to_show(std::string_view text, std::size_t bytes_max = 500);

}  // namespace sluice::agent
