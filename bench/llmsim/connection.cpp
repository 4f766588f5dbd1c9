#include "bench/llmsim/connection.hpp"

#include <algorithm>

#include <sys/epoll.h>

namespace sluice::bench {

namespace {

constexpr nanoseconds_t nanoseconds_per_us = 1'000;
constexpr std::size_t input_bytes_max = 64U << 20U;

}  // namespace

void connection::start(event_loop& loop, provider& owner, socket_handle socket) {
  // Owned by itself until `close` hands it to the loop.
  auto* const started = new connection(loop, owner, std::move(socket));
  loop.watch(started->socket_.get(), EPOLLIN, *started);
}

connection::connection(event_loop& loop, provider& owner, socket_handle socket)
    : loop_(loop), provider_(owner), socket_(std::move(socket)) {
  provider_.connected();
}

connection::~connection() {
  provider_.disconnected();
}

void connection::on_ready(std::uint32_t events) {
  if (!socket_.is_open()) return;
  if ((events & EPOLLOUT) != 0) {
    blocked_ = false;
    loop_.rewatch(socket_.get(), EPOLLIN, *this);
    send(monotonic_now());
  }
  if (socket_.is_open() && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) read();
}

void connection::read() {
  const io_state state = read_into(socket_, input_);
  if (state == io_state::closed || input_.size() > input_bytes_max) return close(true);
  if (!stream_ && output_.empty()) answer_next_request();
}

void connection::answer_next_request() {
  std::string_view rest(input_);
  const auto state = reader_.feed(rest);
  input_.erase(0, input_.size() - rest.size());
  if (state == http_reader::state::broken) return close(false);
  if (state != http_reader::state::complete) return;
  provider::answer answer = provider_.respond(reader_, reader_.body());
  reader_.reset();
  stream_ = std::move(answer.stream);
  output_ = std::move(answer.whole);
  sent_ = 0;
  step_ = {.then = after_packet::complete};
  due_ = monotonic_now();
  cutter_ = packet_cutter(scenario{});
  if (!stream_) return send(due_);
  provider_.began();
  const scenario& plan = stream_->request().plan;
  cutter_ = packet_cutter(plan);
  slow_bytes_ = plan.fault == fault_kind::slow_headers ? SIZE_MAX : 0;
  step_ = {};
  due_ += stream_->headers_delay();
  if (stream_->headers_delay() > 0) return loop_.timers().arm(*this, due_);
  on_due(due_);
}

void connection::on_due(nanoseconds_t now) {
  if (blocked_) return;
  if (sent_ == output_.size()) {
    output_.clear();
    sent_ = 0;
    step_ = stream_->next(output_);
    if (slow_bytes_ == SIZE_MAX) slow_bytes_ = output_.find("\r\n\r\n");
  }
  send(now);
}

void connection::send(nanoseconds_t now) {
  if (send_packets(now)) packet_sent(now);
}

// False while there is something left to send.
bool connection::send_packets(nanoseconds_t now) {
  while (sent_ < output_.size()) {
    const std::string_view left = std::string_view(output_).substr(sent_);
    const std::size_t size = slow_bytes_ > 0 ? 1 : cutter_.next(left);
    std::size_t written = 0;
    const io_state state = write_from(socket_, left.substr(0, size), written);
    sent_ += written;
    slow_bytes_ -= std::min(slow_bytes_, written);
    if (state == io_state::closed) {
      close(true);
      return false;
    }
    if (state == io_state::would_block) {
      blocked_ = true;
      loop_.rewatch(socket_.get(), EPOLLIN | EPOLLOUT, *this);
      return false;
    }
    if (sent_ < output_.size()) {
      loop_.timers().arm(*this, now + stream_->request().plan.gap_us * nanoseconds_per_us);
      return false;
    }
  }
  return true;
}

void connection::packet_sent(nanoseconds_t now) {
  switch (step_.then) {
    case after_packet::proceed: {
      // By the schedule, not by when the last one left: a late packet does not delay all that follow.
      due_ += step_.delay;
      const bool split = stream_->request().plan.split != split_kind::none;
      const nanoseconds_t earliest = split ? now + stream_->request().plan.gap_us * nanoseconds_per_us : now + 1;
      return loop_.timers().arm(*this, std::max(due_, earliest));
    }
    case after_packet::complete:
      return answer_done();
    case after_packet::stall:
      return;
    case after_packet::reset:
      socket_.reset();
      return close(false);
    case after_packet::close:
      return close(false);
  }
}

void connection::answer_done() {
  if (stream_) provider_.ended(*stream_, stream_->struck() ? outcome::faulted : outcome::completed);
  stream_.reset();
  output_.clear();
  sent_ = 0;
  if (!input_.empty()) answer_next_request();
}

void connection::close(bool by_peer) {
  if (stream_) provider_.ended(*stream_, by_peer ? outcome::aborted : outcome::faulted);
  stream_.reset();
  loop_.timers().disarm(*this);
  if (socket_.is_open()) loop_.forget(socket_.get());
  socket_.close();
  loop_.retire(std::unique_ptr<watcher>(this));
}

acceptor::acceptor(event_loop& loop, provider& owner, socket_handle listener)
    : loop_(loop), provider_(owner), listener_(std::move(listener)) {
  loop_.watch(listener_.get(), EPOLLIN, *this);
}

void acceptor::on_ready(std::uint32_t /*events*/) {
  for (socket_handle socket = accept_from(listener_); socket.is_open(); socket = accept_from(listener_))
    connection::start(loop_, provider_, std::move(socket));
}

}  // namespace sluice::bench
