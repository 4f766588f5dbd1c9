#include "http/message.hpp"

#include <algorithm>
#include <optional>

#include "base/json_text.hpp"
#include "base/utf8.hpp"

namespace sluice::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

}  // namespace

std::string_view request::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

std::optional<std::string> request::query_parameter(std::string_view name) const {
  std::string decoded;
  for (std::string_view rest = query; !rest.empty();) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (!percent_decode(pair.substr(0, equals), decoded, true) || decoded != name) continue;
    if (!percent_decode(pair.substr(std::min(equals + 1, pair.size())), decoded, true)) return std::nullopt;
    return decoded;
  }
  return std::nullopt;
}

bool request::has_sound_query() const {
  std::string decoded;
  return percent_decode(query, decoded, true);
}

response make_response(unsigned status, std::string_view content_type, std::string body) {
  return {.status = status, .headers = {{"Content-Type", content_type}}, .body = std::move(body)};
}

response json_response(unsigned status, std::string body) {
  return make_response(status, "application/json", std::move(body));
}

unsigned status_of(error_reason reason) {
  switch (reason) {
    case error_reason::invalid_argument:
      return 400;
    case error_reason::unauthenticated:
      return 401;
    case error_reason::permission_denied:
      return 403;
    case error_reason::not_found:
      return 404;
    case error_reason::conflict:
      return 409;
    case error_reason::too_large:
      return 413;
    case error_reason::unsupported_media_type:
      return 415;
    case error_reason::rate_limited:
      return 429;
    case error_reason::cancelled:
      return 499;
    case error_reason::internal:
      return 500;
    case error_reason::not_implemented:
      return 501;
    case error_reason::bad_gateway:
      return 502;
    case error_reason::unavailable:
      return 503;
    case error_reason::timed_out:
      return 504;
  }
  return 500;
}

error_reason reason_of(unsigned status) {
  switch (status) {
    case 404:
      return error_reason::not_found;
    case 408:
      return error_reason::timed_out;
    case 413:
    case 431:
      return error_reason::too_large;
    case 429:
      return error_reason::rate_limited;
    case 500:
      return error_reason::internal;
    case 405:
    case 501:
    case 505:
      return error_reason::not_implemented;
    case 503:
      return error_reason::unavailable;
    default:
      return error_reason::invalid_argument;
  }
}

response error_response(const error& problem, std::string_view request_id) {
  return error_response(status_of(problem.reason), problem, request_id);
}

response error_response(unsigned status, const error& problem, std::string_view request_id) {
  std::string body = R"({"error":{"code":)";
  append_number(body, status);
  body += R"(,"type":)";
  append_json_string(body, to_string(problem.reason));
  body += R"(,"message":)";
  append_json_string(body, problem.message);
  body += R"(,"param":)";
  if (problem.param.empty()) {
    body += "null";
  } else {
    append_json_string(body, problem.param);
  }
  body += R"(,"request_id":)";
  append_json_string(body, request_id);
  body += "}}";
  response answer = json_response(status, std::move(body));
  if (status == 401) answer.headers.add("WWW-Authenticate", "Bearer");
  if (problem.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*problem.retry_after).count();
    answer.headers.add("Retry-After", std::to_string(std::max<std::int64_t>(seconds, 0)));
  }
  return answer;
}

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 529:
      return "Overloaded";
    default:
      return "Unknown";
  }
}

std::string_view path_of_target(std::string_view target) {
  std::string_view path = target.substr(0, target.find('?'));
  if (path.starts_with('/')) return path;
  const std::size_t scheme = path.find("://");
  if (scheme == std::string_view::npos) return path;
  path.remove_prefix(scheme + 3);
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view("/") : path.substr(slash);
}

bool percent_decode(std::string_view text, std::string& out, bool plus_is_space) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return std::ranges::none_of(out, is_control) && is_valid_utf8(out);
}

}  // namespace sluice::http
