#include "rpc/status.hpp"

#include <array>
#include <chrono>

#include <fmt/format.h>

#include "rpc/v1/status.pb.h"

namespace sluice::rpc {
namespace {

using grpc::StatusCode;

constexpr std::size_t text_bytes_max = 8 << 10;       // of what goes whole
constexpr std::chrono::milliseconds come_back{1000};  // to a service that is away

constexpr std::array reasons{
    error_reason::invalid_argument,  error_reason::unauthenticated,
    error_reason::permission_denied, error_reason::not_found,
    error_reason::conflict,          error_reason::too_large,
    error_reason::rate_limited,      error_reason::unsupported_media_type,
    error_reason::cancelled,         error_reason::internal,
    error_reason::not_implemented,   error_reason::bad_gateway,
    error_reason::unavailable,       error_reason::timed_out,
};

StatusCode to_code(error_reason reason) {
  switch (reason) {
    case error_reason::invalid_argument:
    case error_reason::unsupported_media_type:
      return StatusCode::INVALID_ARGUMENT;
    case error_reason::unauthenticated:
      return StatusCode::UNAUTHENTICATED;
    case error_reason::permission_denied:
      return StatusCode::PERMISSION_DENIED;
    case error_reason::not_found:
      return StatusCode::NOT_FOUND;
    case error_reason::conflict:
      return StatusCode::ALREADY_EXISTS;
    case error_reason::too_large:
      return StatusCode::OUT_OF_RANGE;
    case error_reason::rate_limited:
      return StatusCode::RESOURCE_EXHAUSTED;
    case error_reason::cancelled:
      return StatusCode::CANCELLED;
    case error_reason::internal:
      return StatusCode::INTERNAL;
    case error_reason::not_implemented:
      return StatusCode::UNIMPLEMENTED;
    case error_reason::bad_gateway:
    case error_reason::unavailable:
      return StatusCode::UNAVAILABLE;
    case error_reason::timed_out:
      return StatusCode::DEADLINE_EXCEEDED;
  }
  return StatusCode::INTERNAL;
}

// At most `bytes_max` bytes of it, cut where a character of UTF-8 begins.
std::string_view cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end);
}

error_reason parse_reason(std::string_view name) {
  for (const error_reason each : reasons) {
    if (to_string(each) == name) return each;
  }
  return error_reason::internal;
}

std::optional<error> read_ours(const grpc::Status& status) {
  v1::Status whole;
  if (status.error_details().empty() || !whole.ParseFromString(status.error_details())) return std::nullopt;
  v1::Error ours;
  for (const auto& each : whole.details()) {
    if (!each.UnpackTo(&ours)) continue;
    error read{.reason = parse_reason(ours.reason()), .message = ours.message(), .param = ours.param()};
    if (ours.has_retry_after_ms()) read.retry_after = std::chrono::milliseconds(ours.retry_after_ms());
    return read;
  }
  return std::nullopt;
}

error away(std::string message) {
  return {.reason = error_reason::unavailable, .message = std::move(message), .retry_after = come_back};
}

// What a peer that is not ours, or the library in its stead, says.
error read_foreign(const grpc::Status& status, std::string_view peer) {
  switch (status.error_code()) {
    case StatusCode::INVALID_ARGUMENT:
    case StatusCode::OUT_OF_RANGE:
      return {.reason = error_reason::invalid_argument, .message = fmt::format("{} cannot read the request", peer)};
    case StatusCode::NOT_FOUND:
      return {.reason = error_reason::not_found, .message = fmt::format("{} does not know what was asked for", peer)};
    case StatusCode::ALREADY_EXISTS:
    case StatusCode::FAILED_PRECONDITION:
      return {.reason = error_reason::conflict, .message = fmt::format("{} is in another state", peer)};
    case StatusCode::PERMISSION_DENIED:
    case StatusCode::UNAUTHENTICATED:
      return away(fmt::format("{} does not accept calls of this node", peer));
    case StatusCode::UNIMPLEMENTED:
      return {.reason = error_reason::not_implemented, .message = fmt::format("{} cannot do that", peer)};
    case StatusCode::RESOURCE_EXHAUSTED:
      if (status.error_message().find("larger than max") != std::string::npos) {
        return {.reason = error_reason::too_large,
                .message = fmt::format("the message is larger than what goes between this node and {}", peer)};
      }
      return away(fmt::format("{} is overloaded", peer));
    case StatusCode::DEADLINE_EXCEEDED:
      return away(fmt::format("{} did not answer in time", peer));
    case StatusCode::CANCELLED:
    case StatusCode::ABORTED:
    case StatusCode::UNAVAILABLE:
      return away(fmt::format("{} is away", peer));
    case StatusCode::OK:
    case StatusCode::UNKNOWN:
    case StatusCode::INTERNAL:
    case StatusCode::DATA_LOSS:
    case StatusCode::DO_NOT_USE:
      break;
  }
  return {.reason = error_reason::internal, .message = fmt::format("{} failed", peer)};
}

}  // namespace

grpc::Status to_status(const error& what) {
  v1::Error ours;
  ours.set_reason(std::string(to_string(what.reason)));
  ours.set_message(std::string(cut(what.message, text_bytes_max)));
  ours.set_param(std::string(cut(what.param, text_bytes_max)));
  if (what.retry_after) ours.set_retry_after_ms(what.retry_after->count());
  // The name of the reason, not the message: that may hold any bytes, and this is for tools.
  v1::Status whole;
  whole.set_code(to_code(what.reason));
  whole.set_message(ours.reason());
  whole.add_details()->PackFrom(ours);
  return {to_code(what.reason), ours.reason(), whole.SerializeAsString()};
}

error to_error(const grpc::Status& status, std::string_view peer) {
  if (auto ours = read_ours(status)) return std::move(*ours);
  error made = read_foreign(status, peer);
  made.detail = fmt::format("gRPC code {}: {}", static_cast<int>(status.error_code()), status.error_message());
  return made;
}

bool is_refusal_of_us(const grpc::Status& status) {
  return status.error_code() == StatusCode::UNAUTHENTICATED && !read_ours(status);
}

}  // namespace sluice::rpc
