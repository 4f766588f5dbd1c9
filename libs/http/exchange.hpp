// One request and its answer, as a handler sees them.
#pragma once

#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "async/task.hpp"
#include "http/connection_quota.hpp"
#include "http/message.hpp"
#include "http/stream_socket.hpp"
#include "http/worker_buffer.hpp"

namespace sluice::http {

/// A connection that left HTTP. Nothing of the server lives on under it but its place in the counts.
struct taken_socket {
  stream_socket socket;
  std::string unread;      ///< what the client had sent behind its request
  connection_place place;  ///< keep it as long as the socket: the caps per address count it
};

/// Given to a handler for as long as the handler runs, on the connection's worker. A handler answers in one of three
/// ways: `respond`; `start_stream`, `write`…, `finish`; or `respond_raw` and `take_socket`. One that returns without an
/// answer, or throws, is answered for with 500. HEAD is served by the handler of GET: its body is dropped on the way.
class exchange {
 public:
  virtual const http::request& request() const = 0;
  virtual executor get_executor() = 0;
  /// The worker's read buffer.
  virtual worker_buffer& buffer() = 0;

  /// Reads the rest of the request's body into `request().body`, where until then at most its beginning is. A handler
  /// that wants the body calls this once it knows who asks, for bodies are large and strangers many. False if there
  /// will be none (cut off, late, too large, too much of all together): the client has been answered. A body that is
  /// not read is not waited for: its connection ends with the answer. What the server takes as the largest body holds
  /// in any case; `bytes_max` is for handlers that know how little they need.
  virtual task<bool> read_body(std::size_t bytes_max = std::numeric_limits<std::size_t>::max()) = 0;
  /// Says that the body is used up, so that a long answer does not hold it, nor its share of what all bodies may hold.
  virtual void release_body() = 0;
  /// Whether the request has come whole.
  virtual bool has_whole_request() const = 0;

  /// Fields that go out with whatever answer is given, whoever gives it; to be filled before that.
  virtual header_fields& answer_headers() = 0;

  /// Sends the answer. An error says that the client is gone; there is nothing else to do about it.
  virtual task<error_code> respond(response answer) = 0;
  /// The same with the server's body for errors (`server_hooks::make_error`).
  virtual task<error_code> respond_error(error problem) = 0;

  /// Begins an answer of unknown length. The header goes out with the first `write`.
  virtual void start_stream(unsigned status, header_fields headers) = 0;
  /// Sends everything in one chunk, with one system call unless the client is slow; an empty one sends what was not
  /// sent yet (the header). Returns when the kernel has it all, so a slow client holds its writer back.
  virtual task<error_code> write(std::span<const asio::const_buffer> buffers) = 0;
  virtual task<error_code> write(std::string_view bytes) = 0;
  /// Ends the stream. A stream that is not finished is cut, so that the client can tell.
  virtual task<error_code> finish() = 0;

  /// Calls `on_gone` on this worker, once, as soon as the client has closed the connection, at the latest until the
  /// handler returns. What the client sends ahead is kept, not taken for an end.
  virtual void watch_peer(std::function<void()> on_gone) = 0;

  /// Sends bytes as they are (the 101 of a WebSocket), and counts as the answer with that status.
  virtual task<error_code> respond_raw(unsigned status, std::string bytes) = 0;
  /// Before a socket is taken: counts it for the client's own address where so far it was known as a proxy's. False if
  /// that address has as many as it may.
  virtual bool count_client() = 0;
  /// Takes the connection out of the server, which forgets it when the handler returns. Not while a write is under way,
  /// nor before the request has come whole.
  virtual taken_socket take_socket() = 0;

  /// Whether an answer was begun.
  virtual bool answered() const = 0;

 protected:
  ~exchange() = default;
};

using handler = std::function<task<>(exchange&)>;

}  // namespace sluice::http
