// What can go wrong, in one vocabulary for every service and protocol.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

/// Why something was refused or failed. Finer than gRPC's codes, so that every map to a protocol's own status
/// (HTTP, WebSocket, gRPC) is a total switch at that protocol's boundary.
enum class error_reason : std::uint8_t {
  invalid_argument,        ///< the request is malformed or asks for something that cannot be
  unauthenticated,         ///< no credentials, or none that are good
  permission_denied,       ///< known, but not allowed
  not_found,               ///< no such path, type, model or id (or it is somebody else's)
  conflict,                ///< already exists, or in use
  too_large,               ///< a stated size or count limit was passed
  unsupported_media_type,  ///< a body that is not of a type that is read here
  rate_limited,            ///< too many requests; `retry_after` says when to come back
  cancelled,               ///< the caller went away or asked to stop
  internal,                ///< our bug or a broken machine
  not_implemented,         ///< known, but not to be had here
  bad_gateway,             ///< a provider refused us or answered nonsense
  unavailable,             ///< a needed part is away or overloaded; `retry_after` may say when to come back
  timed_out,               ///< a deadline towards a provider passed
};

/// The reason's stable name as it appears in `error.type` of our own APIs, e.g. "rate_limited".
std::string_view to_string(error_reason reason);

/// A failure. Everything but `detail` may leave the process; `detail` is for the log alone.
struct error {
  error_reason reason = error_reason::internal;
  std::string message;     ///< what was wrong, where, and what to do, for the caller
  std::string param = {};  ///< the field that was wrong, e.g. "messages[2].role"
  std::optional<std::chrono::milliseconds> retry_after = {};
  std::string detail = {};  ///< logged, never sent
  bool lasting = false;     ///< asking the same one again soon changes nothing; says nothing where it is false
};

template <class T>
using result = std::expected<T, error>;

/// Shorthand for `return failure(error_reason::not_found, "…")` out of any function that returns a `result`.
inline std::unexpected<error> failure(error_reason reason, std::string message, std::string param = {}) {
  return std::unexpected(error{.reason = reason, .message = std::move(message), .param = std::move(param)});
}

/// What an exception says, for the log.
std::string message_of(const std::exception_ptr& failure);

}  // namespace sluice
