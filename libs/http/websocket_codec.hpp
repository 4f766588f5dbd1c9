// RFC 6455 as a state machine without I/O: bytes of a peer in, messages out, and the rules of closing. It serves both
// roles. An idle decoder owns no buffer; it allocates only while a message or frame has come in part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/websocket_frame.hpp"

namespace sluice::http {

/// What came in. `payload` points into the fed bytes or into the decoder, and lives until the decoder's next call.
struct websocket_event {
  enum class kind : std::uint8_t {
    message,    ///< a whole message; text is valid UTF-8
    ping,       ///< to be answered by a pong with the same payload
    pong,       ///< an answer to our ping, or unasked for
    close,      ///< the peer's close frame; nothing comes after it
    violation,  ///< the peer broke the protocol: close with `code`; nothing comes after it
  };
  kind what = kind::message;
  bool binary = false;            ///< of a message
  std::uint16_t code = 0;         ///< of a close (`none_given` if it was empty) or violation
  std::string_view payload = {};  ///< of a message, ping or pong; a close's reason; what was wrong, in our words
};

/// Reads one peer's frames. Not shared between threads.
///
///     decoder.feed(bytes_just_read);
///     while (const auto event = decoder.next()) …
///
/// A message that lies wholly in the fed bytes in one frame is given without a copy, unmasked in place. Extensions are
/// not spoken, so reserved bits are refused.
class websocket_decoder {
 public:
  /// `message_bytes_max` bounds a message over all its frames; a frame that declares more is refused before its
  /// payload is read. `role` is our own.
  websocket_decoder(websocket_role role, std::size_t message_bytes_max);
  ~websocket_decoder();
  websocket_decoder(websocket_decoder&&) noexcept;
  websocket_decoder& operator=(websocket_decoder&&) noexcept;

  /// Gives the decoder bytes to read, which it may change. They must stay until `next` has returned nothing, or until
  /// `keep_unread`. All that was fed before must have been read.
  void feed(std::span<char> bytes);
  /// The next event, or nothing if more bytes are needed (or none will be read any more).
  std::optional<websocket_event> next();
  /// Copies what `next` has not read yet into the decoder, so that the fed bytes may go: for one who waits in the
  /// middle of his loop while others use the same buffer. The last event's payload is gone with them.
  void keep_unread();

  /// Whether a frame or message has come in part: a peer that ends here has cut it off.
  bool has_partial() const;
  /// How much of it has come: of a frame, of a message since its first frame.
  std::size_t partial_bytes() const;
  /// Whether a close or violation has been given: whatever follows is ignored.
  bool finished() const { return finished_; }

 private:
  struct frame;
  struct partial;

  std::optional<websocket_event> read_frame();
  std::optional<websocket_event> read_payload(const frame& frame);
  std::optional<websocket_event> read_control(const frame& frame, std::string_view piece, bool whole);
  std::optional<websocket_event> read_data(const frame& frame, std::string_view piece, bool whole);
  websocket_event give_control(websocket_opcode opcode, std::string_view payload);
  websocket_event violation(std::uint16_t code, std::string_view what);

  std::string_view collect_head();
  std::string_view what_is_wrong(std::string_view head) const;
  bool in_message() const;
  partial& under_way();
  void forget_given();
  void release();

  char* at_ = nullptr;  ///< what was fed and not yet read: [at_, end_)
  char* end_ = nullptr;
  std::size_t message_bytes_max_;
  std::unique_ptr<partial> partial_;  ///< null between messages
  websocket_role role_;
  bool finished_ = false;
};

/// Who has said that it is over (section 7). One per connection, beside the decoder.
class websocket_close_handshake {
 public:
  explicit websocket_close_handshake(websocket_role role) : role_(role) {}

  /// Whether frames may still be sent: none after our close frame.
  bool may_send() const { return !sent_; }
  /// Appends our close frame, the first time; later calls do nothing.
  void close(std::string& out, std::uint16_t code, std::string_view reason = {});
  /// Appends what an event obliges us to: a pong to a ping, the peer's own code to its close, a close frame to a
  /// violation. Nothing after our close frame.
  void answer(std::string& out, const websocket_event& event);
  /// Whether both sides have said it, or the peer must not be listened to any more: the server now ends the
  /// connection once its output is written, a client waits for that.
  bool finished() const { return sent_ && heard_; }
  /// What our close frame said; 1006, which no frame says, before there is one.
  std::uint16_t code() const { return code_; }

 private:
  websocket_role role_;
  std::uint16_t code_ = 1006;
  bool sent_ = false;
  bool heard_ = false;
};

}  // namespace sluice::http
