#include "http/cors.hpp"

#include <algorithm>

namespace sluice::http {
namespace {

// How long a browser may remember a preflight, in seconds; browsers cap it themselves, at 2 hours or less.
constexpr std::string_view preflight_seconds = "7200";
constexpr std::string_view methods = "GET, HEAD, POST, PUT, PATCH, DELETE";

}  // namespace

void append_cors(const cors_policy& policy, const request& asked, header_fields& answer) {
  if (policy.origins.empty()) return;
  const std::string_view origin = asked.headers.get("Origin");
  const bool is_listed = !origin.empty() && std::ranges::find(policy.origins, origin) != policy.origins.end();
  const bool is_any = std::ranges::find(policy.origins, "*") != policy.origins.end();
  // A cache must not give one origin's answer to another, nor one without an origin to a page.
  if (!is_any || policy.origins.size() > 1) answer.add("Vary", "Origin");
  if (origin.empty() || (!is_listed && !is_any)) return;
  answer.add("Access-Control-Allow-Origin", is_listed ? origin : std::string_view("*"));
  if (is_listed) answer.add("Access-Control-Allow-Credentials", "true");
  if (asked.method != "OPTIONS" || !asked.headers.has("Access-Control-Request-Method")) {
    if (!policy.exposed_headers.empty()) answer.add("Access-Control-Expose-Headers", policy.exposed_headers);
    return;
  }
  answer.add("Access-Control-Allow-Methods", methods);
  // SDKs send headers of their own; none of them means more than the credentials, which are checked.
  if (const std::string wanted = asked.headers.joined("Access-Control-Request-Headers"); !wanted.empty()) {
    answer.add("Access-Control-Allow-Headers", wanted);
    answer.add("Vary", "Access-Control-Request-Headers");
  }
  answer.add("Access-Control-Max-Age", preflight_seconds);
}

}  // namespace sluice::http
