// One request and its response on one connection: what is behind a `client_response`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.hpp"
#include "async/watchdog.hpp"
#include "http/chunk_decoder.hpp"
#include "http/client.hpp"
#include "http/client_pool.hpp"
#include "http/response_head.hpp"

namespace sluice::http {

/// The read buffers of one worker: a few are kept for the next response. Each has padding behind it.
class read_buffers {
 public:
  using buffer = std::unique_ptr<char[]>;
  explicit read_buffers(std::size_t bytes) : bytes_(bytes) {}
  std::size_t bytes() const { return bytes_; }
  buffer take();
  void give_back(buffer one);

 private:
  std::size_t bytes_;
  std::vector<buffer> free_;
};

/// Stays where it is; its worker's alone.
class client_exchange {
 public:
  client_exchange(executor on, const origin& to, const client_deadlines& limits, std::shared_ptr<read_buffers> buffers,
                  std::size_t head_bytes_max, bool head_request);
  ~client_exchange();
  client_exchange(const client_exchange&) = delete;
  client_exchange& operator=(const client_exchange&) = delete;

  /// How long connecting may take: its own deadline or what is left of the total.
  std::chrono::steady_clock::duration connect_limit() const;
  /// Takes over a connection, which has a socket in it.
  void start(client_pool::lease connection);
  /// Writes the request and reads up to the end of the response's head.
  task<result<void>> ask(std::span<const asio::const_buffer> request);
  /// Whether the connection was used before and died without a byte of the response, while the request was written or
  /// at once behind it: nobody can have begun to answer, and the request may be repeated.
  bool may_repeat() const { return died_silently_ && connection_.reused(); }
  /// Gives up the dead connection but keeps the right to one.
  client_pool::lease take_lease();

  void count_repeat() { ++repeats_; }
  unsigned repeats() const { return repeats_; }

  const response_head& head() const { return head_; }
  task<result<std::string_view>> read_some();
  void abort();

 private:
  enum class phase : std::uint8_t { first_byte, between_bytes };

  task<result<void>> read_head();
  task<error_code> fill();
  void wait_at_most(phase now);
  void expire();
  void body_begins();
  void body_ends();
  std::string_view take_body();
  bool make_room();
  error why_failed(const error_code& code) const;
  error expired_error() const;
  error bad_response(std::string_view what) const;

  const origin to_;
  const client_deadlines limits_;
  const std::chrono::steady_clock::time_point total_at_;
  const std::shared_ptr<read_buffers> buffers_;
  const std::size_t head_bytes_max_;
  client_pool::lease connection_;
  response_head head_;
  chunk_decoder chunks_;
  std::uint64_t body_left_ = 0;  ///< of a content-length body
  read_buffers::buffer buffer_;
  std::size_t capacity_;
  std::size_t begin_ = 0;  ///< what was read and not yet used: [begin_, end_) of buffer_
  std::size_t end_ = 0;
  async::watchdog watchdog_;
  unsigned repeats_ = 0;
  std::optional<std::chrono::steady_clock::time_point> written_at_;  ///< the request's last byte
  phase phase_ = phase::first_byte;
  bool heard_ = false;          ///< whether a byte of the response has come
  bool died_silently_ = false;  ///< whether the connection died before
  bool last_request_ = false;   ///< whether the request was not written to its end: none can follow it
  bool body_done_ = false;
  bool expired_ = false;
  bool total_expired_ = false;
  bool aborted_ = false;
};

}  // namespace sluice::http
