// The head of a response: status line and fields, and how the body's end will be known. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/error.hpp"

namespace sluice::http {

/// Reads one response's head, in pieces. Interim responses (1xx) are skipped. Every error is bad_gateway.
class response_head {
 public:
  enum class body_kind : std::uint8_t { none, chunked, content_length, until_close };

  /// `head_request`: the request was a HEAD, whose response has no body whatever it says.
  response_head(std::size_t bytes_max, bool head_request);
  ~response_head();
  response_head(response_head&&) noexcept;
  response_head& operator=(response_head&&) noexcept;

  /// Reads more and gives the number of bytes that were used: what follows must be given again, with more behind it,
  /// unless the head is `done`, when it is the body's.
  result<std::size_t> feed(std::string_view bytes);
  bool done() const { return done_; }

  /// The rest only when done.
  unsigned status() const;
  /// A field's value by its name in any case; the first of several. Empty if there is none.
  std::string_view header(std::string_view name) const;
  body_kind body() const { return body_; }
  std::uint64_t content_length() const { return content_length_; }
  /// Whether the server will take another request on the connection.
  bool keep_alive() const { return keep_alive_; }

 private:
  struct parser;
  result<void> look_at_body();

  std::unique_ptr<parser> parser_;
  std::uint64_t content_length_ = 0;
  std::size_t bytes_left_;
  body_kind body_ = body_kind::none;
  bool head_request_;
  bool done_ = false;
  bool keep_alive_ = false;
};

}  // namespace sluice::http
