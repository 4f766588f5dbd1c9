#include "gateway/faces/gemini_errors.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/json_text.hpp"

namespace sluice::gateway::gemini {
namespace {

using std::chrono::seconds;

// Names of google.rpc.Code.
std::string_view status_name(error_reason reason) {
  switch (reason) {
    case error_reason::invalid_argument:
    case error_reason::unsupported_media_type:
    case error_reason::too_large:
      return "INVALID_ARGUMENT";
    case error_reason::unauthenticated:
      return "UNAUTHENTICATED";
    case error_reason::permission_denied:
      return "PERMISSION_DENIED";
    case error_reason::not_found:
      return "NOT_FOUND";
    case error_reason::conflict:
      return "ABORTED";
    case error_reason::rate_limited:
      return "RESOURCE_EXHAUSTED";
    case error_reason::unavailable:
      return "UNAVAILABLE";
    case error_reason::timed_out:
      return "DEADLINE_EXCEEDED";
    case error_reason::cancelled:
      return "CANCELLED";
    case error_reason::not_implemented:
      return "UNIMPLEMENTED";
    case error_reason::bad_gateway:
    case error_reason::internal:
      return "INTERNAL";
  }
  return "INTERNAL";
}

std::string make_body(unsigned status, const error& problem) {
  std::string out = fmt::format(R"({{"error":{{"code":{},"message":)", status);
  const bool is_named = problem.param.empty() || problem.message.contains(problem.param);
  append_json_string(out, is_named ? problem.message : fmt::format("{}: {}", problem.param, problem.message));
  out += fmt::format(R"(,"status":"{}")", status_name(problem.reason));
  if (problem.retry_after) {
    out += fmt::format(R"(,"details":[{{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{}s"}}])",
                       static_cast<double>(std::max<std::int64_t>(problem.retry_after->count(), 0)) / 1000);
  }
  out += "}}";
  return out;
}

}  // namespace

std::string error_body(const error& problem) {
  return make_body(http::status_of(problem.reason), problem);
}

http::response error_response(const error& problem) {
  return error_response(http::status_of(problem.reason), problem);
}

http::response error_response(unsigned status, const error& problem) {
  http::response answer = http::json_response(status, make_body(status, problem));
  if (status == 401) answer.headers.set("www-authenticate", "Bearer");
  if (problem.retry_after) {
    const auto wait = std::chrono::ceil<seconds>(*problem.retry_after).count();
    answer.headers.set("retry-after", fmt::format_int(std::max<std::int64_t>(wait, 0)).str());
  }
  return answer;
}

bool is_for_face(const http::request& asked) {
  return asked.path.starts_with("/v1beta/") ||
         (asked.path.starts_with("/v1/models") && asked.headers.has("x-goog-api-key"));
}

}  // namespace sluice::gateway::gemini
