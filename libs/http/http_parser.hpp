// HTTP/1.1 requests out of bytes, without I/O; strict where leniency lets a request be smuggled past a proxy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "http/message.hpp"

namespace sluice::http {

struct parse_limits {
  std::size_t header_bytes_max = std::size_t{32} * 1024;  ///< of request line and fields, and of trailers
  std::size_t header_fields_max = 100;
  std::size_t body_bytes_max = std::size_t{10} * 1024 * 1024;
};

/// Reads one request at a time (RFC 9112). Beast's grammar, and on top of it: no folded lines, one Host, one
/// Content-Length, no transfer coding but "chunked", trailers that are read and dropped.
class request_parser {
 public:
  explicit request_parser(const parse_limits& limits);
  ~request_parser();
  request_parser(const request_parser&) = delete;
  request_parser& operator=(const request_parser&) = delete;

  /// Begins a request, which is cleared and then filled in; it must stay until the next `begin`.
  void begin(request& into);
  /// Reads on. Returns how many bytes were used: those that were not must be given again with more behind them, or, if
  /// the request is `done`, begin the next one. `bytes` is not empty, and the parser neither done nor failed.
  std::size_t feed(std::string_view bytes);

  /// Makes room for a body of a stated length, as far as one may on a stranger's word. Once the header is done.
  void reserve_body();

  /// The length that the header states for the body; 0: none. Once the header is done.
  std::uint64_t stated_body_bytes() const;

  /// The body is used up: empties it, and frees its storage if that is large.
  void release_body();

  bool header_done() const;
  bool done() const;
  bool failed() const { return status_ != 0; }
  /// The answer to what failed, and what to say.
  unsigned status() const { return status_; }
  std::string_view failure() const { return failure_; }

  /// Whether the client lets the connection be used again. Once the header is done.
  bool keep_alive() const;
  /// Whether the client waits for "100 Continue" before it sends its body. Once the header is done.
  bool expects_continue() const;

 private:
  class grammar;
  void fail(unsigned status, std::string_view why);

  const parse_limits limits_;
  std::unique_ptr<grammar> grammar_;
  unsigned status_ = 0;
  std::string_view failure_;
};

}  // namespace sluice::http
