#include "http/connection.hpp"

#include <algorithm>
#include <cerrno>

#include <boost/asio/error.hpp>
#include <sys/socket.h>

#include "base/storage.hpp"
#include "http/body_unpacker.hpp"
#include "http/least_rate.hpp"
#include "http/proxy_header.hpp"

namespace sluice::http {
namespace {

constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
// As nginx counts a client that did not stay for its answer.
constexpr unsigned client_gone = 499;
// A client that never lets us wait must not keep the worker from the others.
constexpr unsigned reads_per_turn = 16;

}  // namespace

connection::connection(listener& home, tcp_socket socket, const asio::ip::tcp::endpoint& peer, connection_place place)
    : home_(home), socket_(std::move(socket)), place_(std::move(place)), peer_(peer) {
  home_.enter(*this);
}

connection::~connection() {
  home_.leave(*this);
}

task<> connection::serve(std::shared_ptr<connection> self) {
  try {
    co_await self->run();
  } catch (const std::exception&) {
    // Cancelled by a stop, or out of memory: the connection ends here, and its handler has been heard in `handle`.
  }
  self->on_gone_ = nullptr;
  self->socket_.close();  // ends a wait for the peer's end, which holds the connection
}

task<> connection::refuse(std::shared_ptr<connection> self, unsigned status) {
  self->set_deadline(self->home_.what().settings.limits.linger_timeout);
  if (!co_await self->socket_.wait_readable()) {
    self->space_ = self->home_.borrow_workspace();
    self->space_->parser.begin(self->space_->asked);
    co_await self->refuse_request(
        status, status == 429 ? "too many connections from this address" : "too many connections; try again");
    co_await self->linger();
  }
  self->socket_.close();
}

task<> connection::run() {
  const server_settings& settings = home_.what().settings;
  set_deadline(settings.limits.header_timeout);
  if (any_contains(settings.trusted_proxies, peer_.address()) && !co_await meet_proxy()) co_return;
  if (settings.tls && !co_await socket_.handshake_as_server(*settings.tls)) co_return;
  do {
    if (!co_await read_header()) {
      if (space_) home_.give_back(std::move(space_));
      co_return;
    }
    if (space_->parser.failed()) {
      co_await refuse_request(space_->parser.status(), space_->parser.failure());
      co_return co_await linger();
    }
    co_await handle();
    if (answer_ == answer_state::taken) co_return;
    more_to_come_ = !unread_.empty() || !space_->parser.done();
    home_.give_back(std::move(space_));
    body_share_ = {};
  } while (reusable_ && !home_.winding_down());
  if (answer_ != answer_state::complete) co_return;
  if (more_to_come_) co_return co_await linger();
  socket_.shutdown();
}

// A trusted proxy may say, before all else, whose connection it passes on. False if it ends here.
task<bool> connection::meet_proxy() {
  idle_ = true;
  const error_code code = co_await socket_.wait_readable();
  idle_ = false;
  if (code) {
    if (cut_) home_.count_cut();
    co_return false;
  }
  const int descriptor = socket_.native().native_handle();
  const std::span<char> space = home_.buffer().bytes().first(proxy_header_bytes_max);
  const ssize_t seen = ::recv(descriptor, space.data(), space.size(), MSG_PEEK);
  if (seen <= 0) co_return seen == 0 || errno == EAGAIN;  // an end is for the reader to find
  const proxy_header said = parse_proxy_header({space.data(), static_cast<std::size_t>(seen)});
  if (said.is == proxy_header::kind::none) co_return true;
  if (said.is == proxy_header::kind::broken) co_return false;
  if (::recv(descriptor, space.data(), said.bytes, 0) != static_cast<ssize_t>(said.bytes)) co_return false;
  if (!said.client) co_return true;
  peer_ = *said.client;
  co_return place_.count_for(peer_.address());
}

// True if a request's header, or what is wrong with one, is in `space_`, with what of the body came along. While
// nothing has come, nothing is held for it.
task<bool> connection::read_header() {
  const server_limits& limits = home_.what().settings.limits;
  const bool first = status_ == 0;
  if (unread_.empty()) {
    free_storage(unread_);
    if (!first) set_deadline(limits.idle_timeout);
    idle_ = true;
    const error_code code = co_await socket_.wait_readable();
    idle_ = false;
    if (code) {
      if (cut_) home_.count_cut();
      co_return false;
    }
  }
  if (!first) set_deadline(limits.header_timeout);
  began_ = std::chrono::steady_clock::now();
  space_ = home_.borrow_workspace();
  space_->parser.begin(space_->asked);
  answer_ = answer_state::none;
  if (!unread_.empty()) feed();
  while (!space_->parser.header_done() && !space_->parser.failed()) {
    const error_code code = co_await receive();
    if (!code) continue;
    if (code == asio::error::timed_out) {
      co_await refuse_request(408, "the request did not come in time");
      co_await linger();
    }
    co_return false;
  }
  clear_deadline();
  co_return true;
}

task<bool> connection::read_body(std::size_t bytes_max) {
  unsigned refusal = is_packed() && !body_unpacker::knows(space_->asked.headers.get("content-encoding")) ? 415 : 0;
  if (refusal == 0 && space_->parser.stated_body_bytes() > bytes_max) refusal = 413;
  if (refusal == 0 && !has_whole_request()) refusal = co_await receive_body(bytes_max);
  if (refusal == 0 && space_->asked.body.size() > bytes_max) refusal = 413;
  if (refusal == 0 && is_packed()) refusal = co_await unpack_body(bytes_max);
  clear_deadline();
  if (refusal == 0) co_return true;
  reusable_ = false;
  if (refusal == client_gone) {
    status_ = client_gone;
    answer_ = answer_state::broken;
  } else if (space_->parser.failed()) {
    co_await respond_error_as(refusal, {.reason = reason_of(refusal), .message = std::string(space_->parser.failure())},
                              {});
  } else {
    error problem{.reason = reason_of(refusal), .message = "the request did not come in time"};
    if (refusal == 413) {
      problem.message = "the body is too large";
    } else if (refusal == 415) {
      problem.message = "content-encoding may be gzip or deflate here";
    } else if (refusal == 400) {
      problem.message = "the body is not what its content-encoding says";
    } else if (refusal == 503) {
      problem.message = "this server is receiving as much as it can hold; try again";
      problem.retry_after = std::chrono::seconds(1);
    } else if (refusal == 429) {
      problem.message = "this address is sending as much at the same time as one may; try again";
      problem.retry_after = std::chrono::seconds(1);
    }
    co_await respond_error_as(refusal, std::move(problem), {});
  }
  co_return false;
}

// RFC 9110, sections 8.4 and 15.5.16.
bool connection::is_packed() const {
  const std::string_view coding = space_->asked.headers.get("content-encoding");
  return !coding.empty() && !equal_without_case(coding, "identity");
}

// 0 when the body is as it was before it was packed, else the status to refuse it with.
task<unsigned> connection::unpack_body(std::size_t bytes_max) {
  std::string& body = space_->asked.body;
  if (body.empty()) co_return 0;
  body_unpacker unpacker(body, std::min(bytes_max, home_.what().settings.limits.body_bytes_max));
  if (!body_share_.is_taken())  // it came with its header, and nobody has counted it
    body_share_ = body_share(*home_.what().bodies, client_key_of(space_->asked.client_address));
  for (;;) {
    const auto progress = unpacker.step();
    if (progress == body_unpacker::progress::broken) co_return 400;
    if (progress == body_unpacker::progress::too_large) co_return 413;
    if (const unsigned refusal = hold_bytes(body.capacity() + unpacker.body().capacity())) co_return refusal;
    if (progress == body_unpacker::progress::done) break;
    co_await asio::post(get_executor(), use_task);  // others have their turn
  }
  body = std::move(unpacker.body());
  co_return hold_body();
}

void connection::release_body() {
  space_->parser.release_body();
  body_share_ = {};
}

// 0 when the body is there, else the status to refuse it with.
task<unsigned> connection::receive_body(std::size_t bytes_max) {
  const server_limits& limits = home_.what().settings.limits;
  request_parser& parser = space_->parser;
  const std::string& body = space_->asked.body;
  body_share_ = body_share(*home_.what().bodies, client_key_of(space_->asked.client_address));
  parser.reserve_body();
  if (const unsigned refusal = hold_body()) co_return refusal;  // who asks first is spared the sending
  if (parser.expects_continue() && body.empty()) {
    const asio::const_buffer bytes(go_on.data(), go_on.size());
    socket_.try_write(std::span(&bytes, 1));  // a client that does not get it goes on by itself
  }
  set_deadline(limits.body_timeout);
  for (unsigned reads = 1; !parser.done(); ++reads) {
    if (parser.failed()) co_return parser.status();
    if (body.size() > bytes_max) co_return 413;
    if (const unsigned refusal = hold_body()) co_return refusal;
    const std::size_t before = body.size();
    const error_code code = co_await receive();
    if (code) co_return code == asio::error::timed_out ? 408 : client_gone;
    extend_deadline(body.size() - before, limits.body_timeout);
    if (reads % reads_per_turn == 0) co_await asio::post(get_executor(), use_task);
  }
  co_return hold_body();
}

// Counts what the body holds by now; 0, or the status to refuse it with.
unsigned connection::hold_body() {
  return hold_bytes(space_->asked.body.capacity());
}

unsigned connection::hold_bytes(std::size_t bytes) {
  switch (body_share_.grow_to(bytes)) {
    case body_share::growth::too_much:
      return 503;
    case body_share::growth::too_much_of_client:
      return 429;
    case body_share::growth::fits:
      break;
  }
  return 0;
}

// Waits for bytes, reads once and parses.
task<error_code> connection::receive() {
  error_code code = read_some();
  while (code == asio::error::would_block) {
    code = co_await socket_.wait_readable();
    if (!code) code = read_some();
  }
  if (code && cut_) {
    home_.count_cut();
    code = asio::error::timed_out;
  }
  co_return code;
}

// Reads once and parses. Bytes that the parser cannot use yet move out of the worker's buffer.
error_code connection::read_some() {
  const stream_socket::outcome got = socket_.try_read(home_.buffer().bytes());
  if (got.would_block) return asio::error::would_block;
  if (got.error) return got.error;
  const std::string_view bytes(home_.buffer().bytes().data(), got.bytes);
  if (unread_.empty()) {
    unread_ = bytes.substr(space_->parser.feed(bytes));
  } else {
    unread_ += bytes;
    feed();
  }
  return {};
}

void connection::feed() {
  unread_.erase(0, space_->parser.feed(unread_));
}

// Lets the client read the answer although more of its bytes may be on the way: closing at once would reset the
// connection and take the answer with it.
task<> connection::linger() {
  set_deadline(home_.what().settings.limits.linger_timeout);
  socket_.shutdown();
  for (unsigned reads = 1; std::chrono::steady_clock::now() < deadline_; ++reads) {
    const stream_socket::outcome got = socket_.try_read(home_.buffer().bytes());
    if (got.error) co_return;
    if (got.would_block && co_await socket_.wait_readable()) co_return;
    if (reads % reads_per_turn == 0) co_await asio::post(get_executor(), use_task);
  }
}

void connection::set_deadline(std::chrono::milliseconds from_now) {
  deadline_ = std::chrono::steady_clock::now() + from_now;
  cut_ = false;
}

void connection::extend_deadline(std::uint64_t bytes, std::chrono::milliseconds slack) {
  const least_rate rate{.bytes_per_second = home_.what().settings.limits.bytes_per_second_min, .slack = slack};
  deadline_ = rate.extend(deadline_, bytes, std::chrono::steady_clock::now());
}

void connection::look_at_clock(time_point now) {
  if (watch_full_ && on_gone_ && socket_.peer_closed()) peer_is_gone();
  if (now < deadline_) return;
  if (sending_) look_at_reader();
  if (now < deadline_) return;
  cut_ = true;
  socket_.cancel();
}

// A slow reader takes bytes that the kernel holds long before it has room for ours.
void connection::look_at_reader() {
  const std::int64_t taken = socket_.taken_bytes();
  extend_deadline(static_cast<std::uint64_t>(std::max<std::int64_t>(taken - taken_bytes_, 0)),
                  home_.what().settings.limits.write_timeout);
  taken_bytes_ = taken;
}

void connection::close_if_idle() {
  if (idle_) socket_.cancel();
}

}  // namespace sluice::http
