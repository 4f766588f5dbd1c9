#include "http/websocket_codec.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "base/storage.hpp"
#include "base/utf8.hpp"

namespace sluice::http {
namespace {

using kind = websocket_event::kind;

constexpr std::size_t head_bytes_max = 14;
constexpr unsigned final_bit = 0x80;
constexpr unsigned reserved_bits = 0x70;
constexpr unsigned opcode_bits = 0x0F;
constexpr unsigned mask_bit = 0x80;
constexpr unsigned length_bits = 0x7F;
constexpr unsigned length_16 = 126;  ///< the length follows in 16 bits
constexpr unsigned length_64 = 127;

unsigned byte_at(std::string_view bytes, std::size_t index) {
  return static_cast<unsigned char>(bytes[index]);
}

std::uint64_t read_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes)
    value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

constexpr std::size_t length_bytes(unsigned short_length) {
  return short_length == length_64 ? 8 : short_length == length_16 ? 2 : 0;
}

/// How long the head is that begins with these bytes: two until there are two.
std::size_t head_bytes(std::string_view head) {
  if (head.size() < 2) return 2;
  const unsigned second = byte_at(head, 1);
  return 2 + length_bytes(second & length_bits) + ((second & mask_bit) != 0 ? sizeof(websocket_mask) : 0);
}

bool is_known(websocket_opcode opcode) {
  switch (opcode) {
    case websocket_opcode::continuation:
    case websocket_opcode::text:
    case websocket_opcode::binary:
    case websocket_opcode::close:
    case websocket_opcode::ping:
    case websocket_opcode::pong:
      return true;
  }
  return false;
}

}  // namespace

/// What a head says.
struct websocket_decoder::frame {
  websocket_opcode opcode = websocket_opcode::continuation;
  bool final = false;
  bool masked = false;
  std::uint64_t payload_bytes = 0;
  bool shortest_length = true;  ///< whether the length was written as section 5.2 demands
  websocket_mask mask = {};

  frame() = default;
  explicit frame(std::string_view head)
      : opcode(static_cast<websocket_opcode>(byte_at(head, 0) & opcode_bits)),
        final((byte_at(head, 0) & final_bit) != 0),
        masked((byte_at(head, 1) & mask_bit) != 0),
        payload_bytes(byte_at(head, 1) & length_bits) {
    if (const auto bytes = length_bytes(static_cast<unsigned>(payload_bytes)); bytes != 0) {
      payload_bytes = read_big_endian(head.substr(2, bytes));
      shortest_length = bytes == 2 ? payload_bytes >= length_16 : payload_bytes > 0xFFFF && payload_bytes >> 63 == 0;
    }
    if (masked) std::ranges::copy(head.substr(head.size() - sizeof(mask)), mask.begin());
  }
};

/// What has come in part. A control frame may stand between the frames of a message, so each has its own buffer.
struct websocket_decoder::partial {
  std::array<char, head_bytes_max> head;
  std::size_t head_bytes = 0;  ///< of a head under way
  bool in_frame = false;       ///< the head is whole, the payload is not
  frame current;
  std::uint64_t received_bytes = 0;  ///< of the frame's payload
  std::string control;
  bool in_message = false;
  bool binary = false;
  std::string message;
  utf8_validator text;
  std::string unread;  ///< of keep_unread

  bool nothing() const { return head_bytes == 0 && !in_frame && !in_message; }
};

websocket_decoder::websocket_decoder(websocket_role role, std::size_t message_bytes_max)
    : message_bytes_max_(message_bytes_max), role_(role) {}
websocket_decoder::~websocket_decoder() = default;
websocket_decoder::websocket_decoder(websocket_decoder&&) noexcept = default;
websocket_decoder& websocket_decoder::operator=(websocket_decoder&&) noexcept = default;

void websocket_decoder::feed(std::span<char> bytes) {
  assert(at_ == end_);
  if (finished_) return;
  if (partial_ != nullptr) partial_->unread.clear();
  at_ = bytes.data();
  end_ = at_ + bytes.size();
}

std::optional<websocket_event> websocket_decoder::next() {
  forget_given();
  while (at_ != end_) {
    if (auto event = read_frame()) return event;
  }
  release();
  return std::nullopt;
}

void websocket_decoder::keep_unread() {
  if (at_ == end_) return;
  partial& kept = under_way();
  if (!kept.unread.empty()) return;  // that is what is being read
  kept.unread.assign(at_, end_);
  at_ = kept.unread.data();
  end_ = at_ + kept.unread.size();
}

bool websocket_decoder::has_partial() const {
  return partial_ != nullptr && !partial_->nothing();
}

std::size_t websocket_decoder::partial_bytes() const {
  return has_partial() ? partial_->head_bytes + partial_->control.size() + partial_->message.size() : 0;
}

bool websocket_decoder::in_message() const {
  return partial_ != nullptr && partial_->in_message;
}

websocket_decoder::partial& websocket_decoder::under_way() {
  if (partial_ == nullptr) partial_ = std::make_unique<partial>();
  return *partial_;
}

/// Clears what the last event pointed into.
void websocket_decoder::forget_given() {
  if (partial_ == nullptr) return;
  if (!partial_->in_frame) partial_->control.clear();
  if (!partial_->in_message) {
    partial_->message.clear();
    partial_->text.reset();
  }
}

/// Frees what is not needed once all that was fed has been read.
void websocket_decoder::release() {
  if (partial_ == nullptr) return;
  at_ = end_ = nullptr;
  if (finished_ || partial_->nothing())
    partial_.reset();
  else if (!partial_->unread.empty())
    free_storage(partial_->unread);
}

std::optional<websocket_event> websocket_decoder::read_frame() {
  if (partial_ != nullptr && partial_->in_frame) return read_payload(partial_->current);
  const std::string_view head = collect_head();
  if (const auto wrong = what_is_wrong(head); !wrong.empty()) return violation(close_code::protocol_error, wrong);
  if (head.size() < head_bytes(head)) return std::nullopt;
  const frame frame(head);
  if (!frame.shortest_length) return violation(close_code::protocol_error, "a length that is not in its shortest form");
  const std::size_t message_bytes = in_message() ? partial_->message.size() : 0;
  if (!is_control(frame.opcode) && frame.payload_bytes > message_bytes_max_ - message_bytes)
    return violation(close_code::too_big, "the message is too big");
  return read_payload(frame);
}

/// As much as there is of the next frame's head, taken out of what was fed: in place if it is whole there.
std::string_view websocket_decoder::collect_head() {
  const std::string_view fed(at_, end_);
  if (partial_ == nullptr || partial_->head_bytes == 0) {
    if (const auto bytes = head_bytes(fed); bytes <= fed.size()) {
      at_ += bytes;
      return fed.substr(0, bytes);
    }
  }
  partial& kept = under_way();
  std::string_view head(kept.head.data(), kept.head_bytes);
  while (head.size() < head_bytes(head) && at_ != end_) {
    kept.head[kept.head_bytes++] = *at_++;
    head = std::string_view(kept.head.data(), kept.head_bytes);
  }
  if (head.size() == head_bytes(head)) kept.head_bytes = 0;
  return head;
}

/// Checks what the first two bytes say; empty if nothing is wrong with them, or they are not both there.
std::string_view websocket_decoder::what_is_wrong(std::string_view head) const {
  if (head.size() < 2) return {};
  const unsigned first = byte_at(head, 0);
  const unsigned second = byte_at(head, 1);
  const auto opcode = static_cast<websocket_opcode>(first & opcode_bits);
  if ((first & reserved_bits) != 0) return "reserved bits are set";
  if (!is_known(opcode)) return "an unknown opcode";
  if (((second & mask_bit) != 0) != (role_ == websocket_role::server))
    return role_ == websocket_role::server ? "a frame without a mask" : "a masked frame";
  if (is_control(opcode)) {
    if ((first & final_bit) == 0) return "a fragmented control frame";
    if ((second & length_bits) > control_payload_bytes_max) return "a control frame of more than 125 bytes";
  } else if (in_message() != (opcode == websocket_opcode::continuation)) {
    return in_message() ? "a new message inside another" : "a continuation of nothing";
  }
  return {};
}

std::optional<websocket_event> websocket_decoder::read_payload(const frame& frame) {
  const bool resumed = partial_ != nullptr && partial_->in_frame;
  const std::uint64_t before = resumed ? partial_->received_bytes : 0;
  const std::span<char> piece(at_, std::min<std::uint64_t>(frame.payload_bytes - before, end_ - at_));
  at_ += piece.size();
  if (frame.masked) apply_mask(piece, frame.mask, before);

  const bool whole = before + piece.size() == frame.payload_bytes;
  if (resumed || !whole) {
    partial& kept = under_way();
    if (!resumed) kept.current = frame;
    kept.in_frame = !whole;
    kept.received_bytes = before + piece.size();
  }
  const std::string_view bytes(piece.data(), piece.size());
  return is_control(frame.opcode) ? read_control(frame, bytes, whole) : read_data(frame, bytes, whole);
}

std::optional<websocket_event> websocket_decoder::read_control(const frame& frame, std::string_view piece, bool whole) {
  if (piece.size() == frame.payload_bytes) return give_control(frame.opcode, piece);
  partial_->control.append(piece);
  if (!whole) return std::nullopt;
  return give_control(frame.opcode, partial_->control);
}

std::optional<websocket_event> websocket_decoder::read_data(const frame& frame, std::string_view piece, bool whole) {
  constexpr std::string_view bad_text = "text that is not UTF-8";
  if (frame.final && !in_message() && piece.size() == frame.payload_bytes) {
    const bool binary = frame.opcode == websocket_opcode::binary;
    if (!binary && !is_valid_utf8(piece)) return violation(close_code::invalid_payload, bad_text);
    return websocket_event{.what = kind::message, .binary = binary, .payload = piece};
  }
  partial& kept = under_way();
  if (!kept.in_message) {
    kept.in_message = true;
    kept.binary = frame.opcode == websocket_opcode::binary;
  }
  const bool last = whole && frame.final;
  if (!kept.binary && (!kept.text.feed(piece) || (last && !kept.text.complete())))
    return violation(close_code::invalid_payload, bad_text);
  kept.message.append(piece);
  if (!last) return std::nullopt;
  kept.in_message = false;
  return websocket_event{.what = kind::message, .binary = kept.binary, .payload = kept.message};
}

websocket_event websocket_decoder::give_control(websocket_opcode opcode, std::string_view payload) {
  if (opcode == websocket_opcode::ping) return {.what = kind::ping, .payload = payload};
  if (opcode == websocket_opcode::pong) return {.what = kind::pong, .payload = payload};
  finished_ = true;
  at_ = end_;
  if (payload.empty()) return {.what = kind::close, .code = close_code::none_given};
  if (payload.size() < 2) return violation(close_code::protocol_error, "half a close code");
  const auto code = static_cast<std::uint16_t>(read_big_endian(payload.substr(0, 2)));
  if (!may_be_sent(code)) return violation(close_code::protocol_error, "a close code that may not be sent");
  payload.remove_prefix(2);
  if (!is_valid_utf8(payload)) return violation(close_code::invalid_payload, "a close reason that is not UTF-8");
  return {.what = kind::close, .code = code, .payload = payload};
}

websocket_event websocket_decoder::violation(std::uint16_t code, std::string_view what) {
  finished_ = true;
  at_ = end_;
  return {.what = kind::violation, .code = code, .payload = what};
}

void websocket_close_handshake::close(std::string& out, std::uint16_t code, std::string_view reason) {
  if (sent_) return;
  sent_ = true;
  code_ = code;
  append_close_frame(out, role_, code, reason);
}

void websocket_close_handshake::answer(std::string& out, const websocket_event& event) {
  switch (event.what) {
    case kind::ping:
      if (!sent_) append_frame(out, role_, websocket_opcode::pong, event.payload);
      return;
    case kind::close:
      heard_ = true;
      return close(out, event.code);
    case kind::violation:
      heard_ = true;
      return close(out, event.code, event.payload);
    case kind::message:
    case kind::pong:
      return;
  }
}

}  // namespace sluice::http
