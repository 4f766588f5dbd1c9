// The answer's bytes: header, whole body or chunks, each in one system call unless the client is slow.
#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

#include <boost/asio/error.hpp>

#include "base/json_text.hpp"
#include "http/connection.hpp"

namespace sluice::http {
namespace {

asio::const_buffer buffer_of(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace

bool connection::body_allowed() const {
  return space_->asked.method != "HEAD" && status_ >= 200 && status_ != 204 && status_ != 304;
}

// Everything but what says how the body is framed, and the empty line.
void connection::begin_head(unsigned status, const header_fields& headers) {
  assert(answer_ == answer_state::none && "one answer to a request");
  status_ = status;
  if (home_.winding_down() || !has_whole_request()) reusable_ = false;
  const http::request& asked = space_->asked;
  std::string& head = space_->head;
  head.assign("HTTP/1.1 ");
  append_number(head, status);
  head += ' ';
  head += reason_phrase(status);
  head += line_end;
  headers.append_to(head);
  space_->answer_headers.append_to(head);
  head += home_.date_field();
  append_field(head, "X-Request-Id", asked.request_id);
}

void connection::end_head() {
  std::string& head = space_->head;
  if (!reusable_) {
    head += "Connection: close\r\n";
  } else if (space_->asked.version < 11) {
    head += "Connection: keep-alive\r\n";
  }
  head += line_end;
}

task<error_code> connection::respond(response answer) {
  begin_head(answer.status, answer.headers);
  if (answer.status >= 200 && answer.status != 204 && answer.status != 304) {
    space_->head += "Content-Length: ";
    append_number(space_->head, answer.body.size());
    space_->head += line_end;
  }
  end_head();
  const std::string_view body = body_allowed() ? std::string_view(answer.body) : std::string_view();
  const std::array<asio::const_buffer, 2> buffers = {buffer_of(space_->head), buffer_of(body)};
  answer_bytes_ = body.size();
  const error_code code = co_await send(buffers);
  answer_ = code ? answer_state::broken : answer_state::complete;
  co_return code;
}

void connection::start_stream(unsigned status, header_fields headers) {
  begin_head(status, headers);
  chunked_ = space_->asked.version >= 11;
  if (!chunked_) reusable_ = false;  // its end is the connection's end
  if (chunked_ && status >= 200 && status != 204 && status != 304) space_->head += "Transfer-Encoding: chunked\r\n";
  end_head();
  chunked_ = chunked_ && body_allowed();
  head_pending_ = true;
  answer_ = answer_state::streaming;
}

task<error_code> connection::write(std::string_view bytes) {
  const asio::const_buffer one = buffer_of(bytes);
  co_return co_await send_chunk(std::span(&one, 1), false);
}

task<error_code> connection::write(std::span<const asio::const_buffer> buffers) {
  co_return co_await send_chunk(buffers, false);
}

task<error_code> connection::finish() {
  const error_code code = co_await send_chunk({}, true);
  if (!code) answer_ = answer_state::complete;
  co_return code;
}

// Frames what fits into one call with a bounded number of pieces, and the rest in more chunks.
task<error_code> connection::send_chunk(std::span<const asio::const_buffer> buffers, bool last) {
  if (answer_ != answer_state::streaming) co_return asio::error::broken_pipe;
  do {
    chunk_pieces pieces;
    const auto now = buffers.first(std::min(buffers.size(), chunk_pieces::payload_max));
    buffers = buffers.subspan(now.size());
    frame(pieces, now, last && buffers.empty());
    const error_code code = co_await send(std::span(pieces.all.data(), pieces.count));
    if (!code) continue;
    answer_ = answer_state::broken;
    reusable_ = false;
    co_return code;
  } while (!buffers.empty());
  co_return error_code();
}

void connection::frame(chunk_pieces& pieces, std::span<const asio::const_buffer> payload, bool last) {
  const auto add = [&](asio::const_buffer piece) { pieces.all[pieces.count++] = piece; };
  if (std::exchange(head_pending_, false)) add(buffer_of(space_->head));
  const std::size_t bytes = body_allowed() ? asio::buffer_size(payload) : 0;
  if (bytes > 0) {
    answer_bytes_ += bytes;
    if (chunked_) {
      char* const end = std::to_chars(pieces.size_line.data(), pieces.size_line.data() + 16, bytes, 16).ptr;
      std::ranges::copy(line_end, end);
      add({pieces.size_line.data(), static_cast<std::size_t>(end - pieces.size_line.data()) + line_end.size()});
    }
    for (const asio::const_buffer& piece : payload)
      add(piece);
    if (chunked_) add(buffer_of(line_end));
  }
  if (last && chunked_) add(buffer_of(last_chunk));
}

task<error_code> connection::send(std::span<const asio::const_buffer> buffers) {
  const std::size_t all = asio::buffer_size(buffers);
  if (all == 0) co_return error_code();
  const stream_socket::outcome first = socket_.try_write(buffers);
  if (first.error) reusable_ = false;
  if (first.error || first.bytes == all) co_return first.error;
  set_deadline(home_.what().settings.limits.write_timeout);
  taken_bytes_ = socket_.taken_bytes();
  sending_ = true;
  error_code code;
  for (std::size_t sent = first.bytes; sent < all && !code;) {
    const stream_socket::outcome step = socket_.try_write(buffers, sent);
    code = step.would_block ? co_await socket_.wait_writable() : step.error;
    sent += step.bytes;
  }
  sending_ = false;
  clear_deadline();
  if (code) reusable_ = false;
  if (code && cut_) home_.count_cut();
  co_return code;
}

task<error_code> connection::respond_raw(unsigned status, std::string bytes) {
  assert(answer_ == answer_state::none && "one answer to a request");
  status_ = status;
  reusable_ = false;
  const asio::const_buffer one = buffer_of(bytes);
  const error_code code = co_await send(std::span(&one, 1));
  answer_ = code ? answer_state::broken : answer_state::complete;
  co_return code;
}

taken_socket connection::take_socket() {
  assert(has_whole_request() && "the rest of a request is not what the taker expects");
  on_gone_ = nullptr;
  if (watch_waits_) socket_.cancel();
  answer_ = answer_state::taken;
  return {.socket = std::move(socket_), .unread = std::move(unread_), .place = std::move(place_)};
}

}  // namespace sluice::http
