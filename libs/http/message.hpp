// What a client asks over HTTP and what it is answered, without the bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "base/error.hpp"
#include "http/header_fields.hpp"
#include "telemetry/trace_context.hpp"

namespace sluice::http {

/// A whole request. `path` is percent-decoded, valid UTF-8 without control characters, and begins with '/' (or is "*").
struct request {
  std::string method = {};
  std::string target = {};  ///< as it was sent
  std::string path = {};
  std::string query = {};  ///< behind the '?', not decoded
  header_fields headers = {};
  std::string body = {};
  unsigned version = 11;  ///< 10 or 11 for HTTP/1.0 and HTTP/1.1

  boost::asio::ip::address remote_address = {};  ///< of the peer, which may be a proxy
  std::uint16_t remote_port = 0;
  boost::asio::ip::address client_address = {};  ///< behind trusted proxies; IPv4 is never mapped
  bool is_tls = false;                           ///< with us, or with the trusted proxy that asks for the client
  std::string request_id = {};  ///< the client's own if it is sane, else ours; goes back as X-Request-Id

  telemetry::trace_context trace = {};  ///< of the span that this request is; what it causes belongs under it

  std::string_view route = {};                                       ///< the pattern that was matched; empty: none
  std::vector<std::pair<std::string, std::string>> parameters = {};  ///< of the pattern, decoded

  /// The part of the path that stands at "{name}" in the route's pattern.
  std::string_view parameter(std::string_view name) const;
  /// The decoded value of the first `name=value` in the query; nothing if there is none or it cannot be decoded.
  std::optional<std::string> query_parameter(std::string_view name) const;
  /// Whether the query has nothing in it that cannot be decoded.
  bool has_sound_query() const;
};

/// A whole answer. Content-Length, Date, X-Request-Id and Connection are the server's business.
struct response {
  unsigned status = 200;
  header_fields headers = {};
  std::string body = {};
};

response make_response(unsigned status, std::string_view content_type, std::string body);
response json_response(unsigned status, std::string body);

/// The HTTP status for each reason.
unsigned status_of(error_reason reason);
/// The reason that comes nearest to a status that only HTTP has.
error_reason reason_of(unsigned status);

/// `{"error":{"code","type","message","param","request_id"}}` with the reason's status, and Retry-After in whole
/// seconds.
response error_response(const error& problem, std::string_view request_id);
/// The same under a status that no reason stands for (405, 408, 431, …).
response error_response(unsigned status, const error& problem, std::string_view request_id);

/// "Not Found" for 404; "Unknown" for what has no name.
std::string_view reason_phrase(unsigned status);

/// The path in a request's target, still encoded: behind scheme and authority, if they are there, and before the '?'.
std::string_view path_of_target(std::string_view target);

/// Decodes %XX. False if an escape is broken or the result is not UTF-8 or holds control characters: such text has no
/// business in a path, a log or an answer. With `plus_is_space` for queries.
bool percent_decode(std::string_view text, std::string& out, bool plus_is_space = false);

}  // namespace sluice::http
