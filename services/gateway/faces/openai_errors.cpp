#include "gateway/faces/openai_errors.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

#include <fmt/format.h>

#include "base/json_text.hpp"

namespace sluice::gateway::openai {
namespace {

struct error_words {
  std::string_view type;
  std::string_view code;
};

error_words words_of(const error& problem) {
  switch (problem.reason) {
    case error_reason::invalid_argument:
    case error_reason::unsupported_media_type:
      return {"invalid_request_error", {}};
    case error_reason::unauthenticated:
      return {"invalid_request_error", "invalid_api_key"};
    case error_reason::permission_denied:
      return {"permission_error", "permission_denied"};
    case error_reason::not_found:
      return {"invalid_request_error", problem.param == "model" ? "model_not_found" : "not_found"};
    case error_reason::conflict:
      return {"invalid_request_error", "conflict"};
    case error_reason::too_large:
      return {"invalid_request_error", "request_too_large"};
    case error_reason::rate_limited:
      return {"rate_limit_error", "rate_limit_exceeded"};
    case error_reason::cancelled:
      return {"server_error", "cancelled"};
    case error_reason::not_implemented:
      return {"invalid_request_error", "unsupported"};
    case error_reason::bad_gateway:
      return {"server_error", "provider_error"};
    case error_reason::unavailable:
      return {"server_error", "unavailable"};
    case error_reason::timed_out:
      return {"server_error", "provider_timeout"};
    case error_reason::internal:
      return {"server_error", "internal_error"};
  }
  return {"server_error", {}};
}

std::string body_of(const error& problem, const error_words& words) {
  std::string out = R"({"error":{"message":)";
  append_json_string(out, problem.message);
  out += fmt::format(R"(,"type":"{}","param":)", words.type);
  if (problem.param.empty()) {
    out += "null";
  } else {
    append_json_string(out, problem.param);
  }
  out += R"(,"code":)";
  if (words.code.empty()) {
    out += "null";
  } else {
    append_json_string(out, words.code);
  }
  out += "}}";
  return out;
}

}  // namespace

std::string error_body(const error& problem) {
  return body_of(problem, words_of(problem));
}

http::response error_response(const error& problem) {
  return error_response(http::status_of(problem.reason), problem);
}

http::response error_response(unsigned status, const error& problem) {
  // Of the two who may be late, this is the client.
  const error_words words = status == 408 ? error_words{"invalid_request_error", "request_timeout"} : words_of(problem);
  http::response answer = http::json_response(status, body_of(problem, words));
  if (status == 401) answer.headers.set("www-authenticate", "Bearer");
  if (problem.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*problem.retry_after).count();
    answer.headers.set("retry-after", fmt::format_int(std::max<std::int64_t>(seconds, 0)).str());
  }
  return answer;
}

bool is_path_of_face(std::string_view path) {
  return path.starts_with("/v1/chat/") || path == "/v1/embeddings" || path == "/v1/models" ||
         path.starts_with("/v1/models/");
}

}  // namespace sluice::gateway::openai
