#include "http/client_exchange.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include "base/quantities.hpp"

namespace sluice::http {

using clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t free_buffers_max = 64;
// In which the word that a connection was closed comes, once something was written on it: a round trip. Less than
// whoever is asked for an answer works before it is lost.
constexpr std::chrono::milliseconds closing_time{250};

std::string in_words(clock::duration limit) {
  return format_duration(std::chrono::ceil<std::chrono::milliseconds>(limit));
}

clock::time_point later(clock::time_point start, clock::duration limit) {
  return limit < clock::time_point::max() - start ? start + limit : clock::time_point::max();
}

}  // namespace

read_buffers::buffer read_buffers::take() {
  if (free_.empty()) return std::make_unique_for_overwrite<char[]>(bytes_ + client_response::readable_padding);
  buffer one = std::move(free_.back());
  free_.pop_back();
  return one;
}

void read_buffers::give_back(buffer one) {
  if (free_.size() < free_buffers_max) free_.push_back(std::move(one));
}

client_exchange::client_exchange(executor on, const origin& to, const client_deadlines& limits,
                                 std::shared_ptr<read_buffers> buffers, std::size_t head_bytes_max, bool head_request)
    : to_(to),
      limits_(limits),
      total_at_(later(clock::now(), limits.total)),
      buffers_(std::move(buffers)),
      head_bytes_max_(head_bytes_max),
      head_(head_bytes_max, head_request),
      buffer_(buffers_->take()),
      capacity_(buffers_->bytes()),
      watchdog_(on, [this] { expire(); }) {}

client_exchange::~client_exchange() {
  if (capacity_ == buffers_->bytes()) buffers_->give_back(std::move(buffer_));
}

clock::duration client_exchange::connect_limit() const {
  return std::min(limits_.connect, total_at_ - clock::now());
}

void client_exchange::start(client_pool::lease connection) {
  connection_ = std::move(connection);
  died_silently_ = false;
  written_at_.reset();
  last_request_ = false;
}

client_pool::lease client_exchange::take_lease() {
  connection_.drop_socket();
  return std::move(connection_);
}

task<result<void>> client_exchange::ask(std::span<const asio::const_buffer> request) {
  wait_at_most(phase::first_byte);
  const error_code code = co_await connection_.socket()->write_all(request);
  // A server may answer and close before it has read everything: then its answer counts, if it can still be read.
  if (code && (expired_ || aborted_ || code == asio::error::operation_aborted))
    co_return std::unexpected(why_failed(code));
  last_request_ = static_cast<bool>(code);
  if (!code) written_at_ = clock::now();
  auto answered = co_await read_head();
  watchdog_.disarm();
  co_return answered;
}

task<result<void>> client_exchange::read_head() {
  for (;;) {
    if (begin_ != end_) {
      const auto used = head_.feed({buffer_.get() + begin_, end_ - begin_});
      if (!used) co_return std::unexpected(bad_response(used.error().message));
      begin_ += *used;
      if (head_.done()) {
        body_begins();
        co_return result<void>();
      }
      if (!make_room()) co_return std::unexpected(bad_response("the head of its response is too large"));
    }
    const error_code code = co_await fill();
    heard_ = heard_ || begin_ != end_;
    if (code) {
      // The other side had closed it before it knew of the request, or has begun to work on that and must not be asked
      // again (RFC 9110, section 9.2.2).
      const bool was_closed = !written_at_ || clock::now() - *written_at_ <= closing_time;
      died_silently_ = !heard_ && !expired_ && !aborted_ && was_closed;
      co_return std::unexpected(why_failed(code));
    }
  }
}

// Behind an unfinished head: moved to the front, or into a buffer that takes the largest head.
bool client_exchange::make_room() {
  const std::size_t kept = end_ - begin_;
  if (begin_ != 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, kept);
  } else if (kept == capacity_) {
    if (capacity_ >= head_bytes_max_) return false;
    auto larger = std::make_unique_for_overwrite<char[]>(head_bytes_max_ + client_response::readable_padding);
    std::memcpy(larger.get(), buffer_.get(), kept);
    buffers_->give_back(std::exchange(buffer_, std::move(larger)));
    capacity_ = head_bytes_max_;
  }
  begin_ = 0;
  end_ = kept;
  return true;
}

// Reads once, waiting for it. A plain socket is read by Asio's own operation: after a read that did not fill the buffer
// it knows that nothing is left, so that a token costs one wait and one read.
task<error_code> client_exchange::fill() {
  if (expired_ || aborted_) co_return asio::error::operation_aborted;
  if (begin_ == end_) begin_ = end_ = 0;
  stream_socket& socket = *connection_.socket();
  if (!socket.is_tls()) {
    const auto [code, bytes] = co_await socket.native().async_read_some(
        asio::buffer(buffer_.get() + end_, capacity_ - end_), use_task_nothrow);
    end_ += bytes;
    co_return code;
  }
  for (;;) {
    const auto got = socket.try_read({buffer_.get() + end_, capacity_ - end_});
    end_ += got.bytes;
    if (!got.would_block) co_return got.error;
    if (const error_code code = co_await socket.wait_readable()) co_return code;
  }
}

void client_exchange::body_begins() {
  switch (head_.body()) {
    case response_head::body_kind::none:
      return body_ends();
    case response_head::body_kind::content_length:
      body_left_ = head_.content_length();
      return;
    case response_head::body_kind::chunked:
    case response_head::body_kind::until_close:
      return;
  }
}

void client_exchange::body_ends() {
  body_done_ = true;
  watchdog_.disarm();
  // Bytes behind the end were not asked for: such a connection cannot be trusted with another request.
  if (head_.keep_alive() && !last_request_ && begin_ == end_)
    connection_.keep();
  else
    connection_ = client_pool::lease();
}

task<result<std::string_view>> client_exchange::read_some() {
  for (;;) {
    if (begin_ != end_ && !body_done_) {
      const std::string_view piece = take_body();
      if (!piece.empty()) co_return piece;
      if (chunks_.failed()) co_return std::unexpected(bad_response("its chunked body is malformed"));
    }
    if (body_done_) co_return std::string_view();
    if (!connection_.socket()) co_return std::unexpected(why_failed(asio::error::operation_aborted));
    wait_at_most(phase::between_bytes);
    const error_code code = co_await fill();
    watchdog_.disarm();
    if (!code) continue;
    if (code == asio::error::eof && head_.body() == response_head::body_kind::until_close) {
      body_ends();
      co_return std::string_view();
    }
    auto failed = why_failed(code);
    connection_ = client_pool::lease();
    co_return std::unexpected(std::move(failed));
  }
}

// The payload in what was read, all of which is used.
std::string_view client_exchange::take_body() {
  char* const from = buffer_.get() + begin_;
  const std::size_t length = end_ - begin_;
  switch (head_.body()) {
    case response_head::body_kind::chunked: {
      const auto [payload, consumed] = chunks_.decode({from, length});
      begin_ += consumed;
      if (chunks_.finished()) body_ends();
      return payload;
    }
    case response_head::body_kind::content_length: {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(length, body_left_));
      begin_ += taken;
      body_left_ -= taken;
      if (body_left_ == 0) body_ends();
      return {from, taken};
    }
    case response_head::body_kind::until_close:
    case response_head::body_kind::none:
      break;
  }
  begin_ = end_;
  return {from, length};
}

void client_exchange::abort() {
  if (body_done_) return;
  aborted_ = true;
  if (connection_.socket()) connection_.socket()->close();
}

void client_exchange::wait_at_most(phase now) {
  phase_ = now;
  const auto limit = now == phase::first_byte ? limits_.first_byte : limits_.between_bytes;
  watchdog_.expire_at(std::min(total_at_, later(clock::now(), limit)));
}

void client_exchange::expire() {
  expired_ = true;
  total_expired_ = clock::now() >= total_at_;
  if (connection_.socket()) connection_.socket()->cancel();
}

error client_exchange::why_failed(const error_code& code) const {
  if (expired_) return expired_error();
  if (aborted_) return {.reason = error_reason::cancelled, .message = "the request was given up"};
  // Neither a deadline nor `abort`: whoever awaits was cancelled.
  if (code == asio::error::operation_aborted) throw boost::system::system_error(code);
  const std::string what = code == asio::error::eof ? "closed the connection" : "broke the connection";
  auto cut = bad_response(head_.done() ? what + " in the middle of its response" : what + " before it answered");
  cut.detail = code.message();
  return cut;
}

error client_exchange::expired_error() const {
  const std::string who = to_.authority();
  if (total_expired_) {
    return {.reason = error_reason::timed_out,
            .message = fmt::format("{} did not finish within {} (total deadline)", who, in_words(limits_.total))};
  }
  if (phase_ == phase::first_byte) {
    return {
        .reason = error_reason::timed_out,
        .message = fmt::format("{} did not answer within {} (first byte deadline)", who, in_words(limits_.first_byte))};
  }
  return {.reason = error_reason::timed_out,
          .message = fmt::format("{} fell silent for {} in the middle of its response (between bytes deadline)", who,
                                 in_words(limits_.between_bytes))};
}

error client_exchange::bad_response(std::string_view what) const {
  return {.reason = error_reason::bad_gateway, .message = fmt::format("{}: {}", to_.authority(), what)};
}

}  // namespace sluice::http
