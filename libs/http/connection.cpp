#include "http/connection.hpp"

#include <algorithm>

#include <boost/asio/error.hpp>

namespace sluice::http {
namespace {

constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

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
  if (settings.tls && !co_await socket_.handshake_as_server(*settings.tls)) co_return;
  do {
    if (!co_await read_request()) co_return;
    if (space_->parser.failed()) {
      co_await refuse_request(space_->parser.status(), space_->parser.failure());
      co_return co_await linger();
    }
    co_await handle();
    if (answer_ == answer_state::taken) co_return;
    home_.give_back(std::move(space_));
  } while (reusable_ && !home_.stopping());
  if (answer_ != answer_state::complete) co_return;
  if (!unread_.empty()) co_return co_await linger();
  socket_.shutdown();
}

// True if a request, or what is wrong with one, is in `space_`. While nothing has come, nothing is held for it.
task<bool> connection::read_request() {
  const server_limits& limits = home_.what().settings.limits;
  const bool first = status_ == 0;
  if (unread_.empty()) {
    unread_ = std::string();
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
  while (!space_->parser.done() && !space_->parser.failed()) {
    const error_code code = read_some();
    if (code == asio::error::would_block) {
      if (!co_await socket_.wait_readable()) continue;
      if (!cut_) co_return false;
      home_.count_cut();
      co_await refuse_request(408, "the request did not come in time");
      co_await linger();
      co_return false;
    }
    if (code) co_return false;
  }
  clear_deadline();
  co_return true;
}

// Reads once and parses. Bytes that the parser cannot use yet move out of the worker's buffer.
error_code connection::read_some() {
  const stream_socket::outcome got = socket_.try_read(home_.buffer().bytes());
  if (got.would_block) return asio::error::would_block;
  if (got.error) return got.error;
  const std::string_view bytes(home_.buffer().bytes().data(), got.bytes);
  const bool header_was_done = space_->parser.header_done();
  if (unread_.empty()) {
    unread_ = bytes.substr(space_->parser.feed(bytes));
  } else {
    unread_ += bytes;
    feed();
  }
  note_progress(header_was_done);
  return {};
}

void connection::feed() {
  unread_.erase(0, space_->parser.feed(unread_));
}

// Behind the header, the deadline moves with the bytes of the body, so that the least rate is kept.
void connection::note_progress(bool header_was_done) {
  const request_parser& parser = space_->parser;
  if (parser.failed() || parser.done() || !parser.header_done()) return;
  const server_limits& limits = home_.what().settings.limits;
  if (!header_was_done) {
    body_began_ = std::chrono::steady_clock::now();
    if (parser.expects_continue() && space_->asked.body.empty()) {
      const asio::const_buffer bytes(go_on.data(), go_on.size());
      socket_.try_write(std::span(&bytes, 1));  // a client that does not get it goes on by itself
    }
  }
  const std::uint64_t rate = std::max<std::uint64_t>(limits.bytes_per_second_min, 1);
  deadline_ = body_began_ + limits.body_timeout + std::chrono::milliseconds(space_->asked.body.size() * 1000 / rate);
}

// Lets the client read the answer although more of its bytes may be on the way: closing at once would reset the
// connection and take the answer with it.
task<> connection::linger() {
  set_deadline(home_.what().settings.limits.linger_timeout);
  socket_.shutdown();
  for (;;) {
    const stream_socket::outcome got = socket_.try_read(home_.buffer().bytes());
    if (got.error) co_return;
    if (got.would_block && co_await socket_.wait_readable()) co_return;
    if (std::chrono::steady_clock::now() >= deadline_) co_return;
  }
}

void connection::set_deadline(std::chrono::milliseconds from_now) {
  deadline_ = std::chrono::steady_clock::now() + from_now;
  cut_ = false;
}

void connection::look_at_clock(time_point now) {
  if (watch_full_ && on_gone_ && socket_.peer_closed()) peer_is_gone();
  if (now < deadline_) return;
  cut_ = true;
  socket_.cancel();
}

void connection::close_if_idle() {
  if (idle_) socket_.cancel();
}

}  // namespace sluice::http
