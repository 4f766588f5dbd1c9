#include "gateway/faces/anthropic_errors.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/json_text.hpp"

namespace sluice::gateway::anthropic {
namespace {

constexpr unsigned overloaded = 529;

std::string_view type_of(error_reason reason) {
  switch (reason) {
    case error_reason::invalid_argument:
    case error_reason::unsupported_media_type:
    case error_reason::conflict:
    case error_reason::not_implemented:
      return "invalid_request_error";
    case error_reason::unauthenticated:
      return "authentication_error";
    case error_reason::permission_denied:
      return "permission_error";
    case error_reason::not_found:
      return "not_found_error";
    case error_reason::too_large:
      return "request_too_large";
    case error_reason::rate_limited:
      return "rate_limit_error";
    case error_reason::unavailable:
      return "overloaded_error";
    case error_reason::timed_out:
      return "timeout_error";
    case error_reason::cancelled:
    case error_reason::bad_gateway:
    case error_reason::internal:
      return "api_error";
  }
  return "api_error";
}

unsigned status_of(error_reason reason) {
  switch (reason) {
    case error_reason::unavailable:
      return overloaded;
    case error_reason::not_implemented:
      return 400;
    default:
      return http::status_of(reason);
  }
}

}  // namespace

std::string error_body(const error& problem, std::string_view request_id) {
  std::string out = fmt::format(R"({{"type":"error","error":{{"type":"{}","message":)", type_of(problem.reason));
  const bool is_named = problem.param.empty() || problem.message.contains(problem.param);
  append_json_string(out, is_named ? problem.message : fmt::format("{}: {}", problem.param, problem.message));
  out += '}';
  if (!request_id.empty()) append_json_string(out.append(R"(,"request_id":)"), request_id);
  out += '}';
  return out;
}

http::response error_response(const error& problem) {
  return error_response(status_of(problem.reason), problem);
}

http::response error_response(unsigned status, const error& problem) {
  http::response answer = http::json_response(status, error_body(problem));
  if (status == 401) answer.headers.set("www-authenticate", "Bearer");
  if (problem.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*problem.retry_after).count();
    answer.headers.set("retry-after", fmt::format_int(std::max<std::int64_t>(seconds, 0)).str());
  }
  return answer;
}

bool is_path_of_face(std::string_view path) {
  return path == "/v1/messages" || path.starts_with("/v1/messages/");
}

}  // namespace sluice::gateway::anthropic
