// One client's connection: requests in, one after the other, answers out.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>

#include "http/exchange.hpp"
#include "http/listener.hpp"

namespace sluice::http {

/// Kept alive by its coroutine, and by a wait for the client's end. Its deadlines cost a stored time: the listener's
/// sweep looks at them.
class connection final : public exchange, public std::enable_shared_from_this<connection> {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  connection(listener& home, tcp_socket socket, const asio::ip::tcp::endpoint& peer, connection_place place);
  ~connection();

  /// Serves until the connection ends or its socket is taken.
  static task<> serve(std::shared_ptr<connection> self);
  /// Tells a client over a cap so, and closes.
  static task<> refuse(std::shared_ptr<connection> self, unsigned status);

  /// Breaks the current wait off if its deadline has passed.
  void look_at_clock(time_point now);
  /// For a stop: ends a connection that waits for a request; another one ends behind its answer.
  void close_if_idle();

  const http::request& request() const override { return space_->asked; }
  executor get_executor() override { return socket_.get_executor(); }
  worker_buffer& buffer() override { return home_.buffer(); }
  task<bool> read_body(std::size_t bytes_max) override;
  void release_body() override;
  bool has_whole_request() const override { return space_->parser.done(); }
  header_fields& answer_headers() override { return space_->answer_headers; }
  task<error_code> respond(response answer) override;
  task<error_code> respond_error(error problem) override;
  void start_stream(unsigned status, header_fields headers) override;
  task<error_code> write(std::span<const asio::const_buffer> buffers) override;
  task<error_code> write(std::string_view bytes) override;
  task<error_code> finish() override;
  void watch_peer(std::function<void()> on_gone) override;
  task<error_code> respond_raw(unsigned status, std::string bytes) override;
  bool count_client() override { return place_.count_for(space_->asked.client_address); }
  taken_socket take_socket() override;
  bool answered() const override { return answer_ != answer_state::none; }

  std::size_t place_in_list = 0;  ///< the listener's

 private:
  enum class answer_state : std::uint8_t { none, streaming, complete, broken, taken };

  // connection.cpp: the client's side
  task<> run();
  task<bool> meet_proxy();
  task<bool> read_header();
  task<unsigned> receive_body(std::size_t bytes_max);
  unsigned hold_body();
  unsigned hold_bytes(std::size_t bytes);
  bool is_packed() const;
  task<unsigned> unpack_body(std::size_t bytes_max);
  task<error_code> receive();
  error_code read_some();
  void feed();
  task<> linger();
  void extend_deadline(std::uint64_t bytes, std::chrono::milliseconds slack);
  void set_deadline(std::chrono::milliseconds from_now);
  void look_at_reader();
  void clear_deadline() { deadline_ = time_point::max(); }

  // connection_handling.cpp: what is done with a request
  task<> handle();
  task<> refuse_request(unsigned status, std::string_view why);
  task<error_code> respond_error_as(unsigned status, error problem, std::string allow);
  void describe_client();
  void begin_span();
  void report();
  void arm_watch();
  void look_at_peer(error_code code);
  void peer_is_gone();

  // connection_answer.cpp: the answer's bytes
  /// One call's worth of a stream, and the line that says how much it is.
  struct chunk_pieces {
    static constexpr std::size_t payload_max = 60;
    std::array<asio::const_buffer, payload_max + 4> all;
    std::array<char, 20> size_line;
    std::size_t count = 0;
  };
  void begin_head(unsigned status, const header_fields& headers);
  void end_head();
  void frame(chunk_pieces& pieces, std::span<const asio::const_buffer> payload, bool last);
  task<error_code> send(std::span<const asio::const_buffer> buffers);
  task<error_code> send_chunk(std::span<const asio::const_buffer> buffers, bool last);
  bool body_allowed() const;

  listener& home_;
  stream_socket socket_;
  connection_place place_;
  asio::ip::tcp::endpoint peer_;
  std::string unread_;                // came in, but is not used yet
  std::unique_ptr<workspace> space_;  // while a request is under way
  std::function<void()> on_gone_;     // set while the peer is watched
  time_point deadline_ = time_point::max();
  time_point began_;       // when the request's first byte came
  body_share body_share_;  // of what all bodies may hold
  std::uint64_t answer_bytes_ = 0;
  std::int64_t taken_bytes_ = 0;  // by a client that is waited for, at the last look
  unsigned status_ = 0;
  answer_state answer_ = answer_state::none;
  bool idle_ = false;          // waits for a request's first byte
  bool cut_ = false;           // a deadline has passed
  bool sending_ = false;       // and the client is slower than we are
  bool reusable_ = false;      // another request may follow
  bool more_to_come_ = false;  // of what the client sends, behind the answer
  bool chunked_ = false;
  bool head_pending_ = false;  // the stream's header has not been sent yet
  bool watch_waits_ = false;   // a wait for the peer's end is under way
  bool watch_full_ = false;    // too much came ahead to read on; the sweep looks for the peer's end
};

}  // namespace sluice::http
