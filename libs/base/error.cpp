#include "base/error.hpp"

namespace sluice {

std::string_view to_string(error_reason reason) {
  switch (reason) {
    case error_reason::invalid_argument:
      return "invalid_argument";
    case error_reason::unauthenticated:
      return "unauthenticated";
    case error_reason::permission_denied:
      return "permission_denied";
    case error_reason::not_found:
      return "not_found";
    case error_reason::conflict:
      return "conflict";
    case error_reason::too_large:
      return "too_large";
    case error_reason::unsupported_media_type:
      return "unsupported_media_type";
    case error_reason::rate_limited:
      return "rate_limited";
    case error_reason::cancelled:
      return "cancelled";
    case error_reason::internal:
      return "internal";
    case error_reason::not_implemented:
      return "not_implemented";
    case error_reason::bad_gateway:
      return "bad_gateway";
    case error_reason::unavailable:
      return "unavailable";
    case error_reason::timed_out:
      return "timed_out";
  }
  return "internal";
}

std::string message_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& problem) {
    return problem.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace sluice
