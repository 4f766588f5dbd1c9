// Reads HTTP/1.1 messages of either direction as they arrive. A state machine without I/O, small and of its own, so
// that a mistake in the gateway's parser cannot hide behind the same mistake here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::bench {

class http_reader {
 public:
  enum class state : std::uint8_t { head, body, complete, broken };

  /// Consumes what belongs to the message from the front of `input`. Body bytes, already without chunk framing, are
  /// appended to `body()`, which the caller may clear between calls.
  state feed(std::string_view& input);
  state now() const { return state_; }
  /// A response without length ends when the peer closes.
  bool ends_at_close() const { return framing_ == framing::until_close; }

  /// "POST /v1/chat/completions HTTP/1.1" or "HTTP/1.1 200 OK".
  std::string_view start_line() const;
  /// The whole head with its empty line.
  std::string_view head() const { return head_; }
  /// Case of the name does not matter; empty if there is none.
  std::string_view header(std::string_view name) const;
  /// Of a response.
  int status() const;
  std::string& body() { return body_; }

  /// For the next message on the connection.
  void reset();

 private:
  enum class framing : std::uint8_t { length, chunk_size, chunk_data, chunk_end, trailer, until_close };
  state read_head(std::string_view& input);
  void read_body(std::string_view& input);
  void read_chunk_line(std::string_view& input);
  void choose_framing();

  state state_ = state::head;
  framing framing_ = framing::length;
  std::uint64_t remaining_ = 0;
  std::string head_;
  std::string line_;
  std::string body_;
};

}  // namespace sluice::bench
