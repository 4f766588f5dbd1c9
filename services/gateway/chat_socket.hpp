// The I/O of one chat socket. What is said on it is the dialogue's business.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "agent/agent_service.hpp"
#include "async/wakeup.hpp"
#include "async/watchdog.hpp"
#include "gateway/chat_dialogue.hpp"
#include "gateway/settings.hpp"
#include "gateway/socket_places.hpp"
#include "http/exchange.hpp"
#include "http/stream_socket.hpp"
#include "http/websocket_codec.hpp"

namespace sluice::gateway {

class chat_sockets;

/// Lives on one worker, owned by its coroutines: a reader for as long as it is open, and a writer while there is
/// something to send. When idle it holds no buffer. All frames of a wake-up leave in one write; while that write waits,
/// the cursors lag and the reader, once enough has piled up, reads no more.
class chat_socket : public std::enable_shared_from_this<chat_socket> {
 public:
  chat_socket(http::taken_socket taken, const http::client_key& client, chat_dialect dialect,
              std::shared_ptr<const door::principal> who, socket_place place, chat_sockets& all);
  ~chat_socket();
  chat_socket(const chat_socket&) = delete;
  chat_socket& operator=(const chat_socket&) = delete;

  /// Speaks until either side ends it. `unread`: bytes that came behind the upgrade request.
  task<> run(std::string unread);

  /// Says why it ends and ends it once that is written; a peer that does not answer is cut after a while.
  void close(std::uint16_t code, std::string_view reason);
  /// Sends a `notice` (full dialect only).
  void notify(std::string_view kind, std::string_view name, std::int64_t value);
  /// Called now and then: pings a silent peer, cuts one that stays silent or does not close.
  void look_after(std::chrono::steady_clock::time_point now);

  const door::principal& who() const { return *who_; }
  /// What its close frame said, ours or the peer's; 1006 if there was none.
  std::uint16_t close_code() const { return closing_.code(); }
  /// When it is to be asked whether the session still stands: at first when the token has run out.
  bool is_session_check_due(std::chrono::steady_clock::time_point now) const {
    return now >= check_session_at_ && !ended_;
  }
  void check_session_at(std::chrono::steady_clock::time_point when) { check_session_at_ = when; }

 private:
  task<> greet();
  task<> hear(std::span<char> bytes);
  task<> perform(chat_command asked);
  task<> start(start_command asked);
  task<> resume(resume_command asked, telemetry::span trace = {});
  task<> write_all();
  task<error_code> write_slowly(std::string_view bytes);
  /// Sends what is in `out_` at once if nobody is writing; what does not fit becomes the writer's.
  void flush();
  /// Both sides have said that it is over: ends our direction and waits for the peer to end its own.
  void shut();
  void cut();
  bool is_dripping(std::chrono::steady_clock::time_point now);

  http::stream_socket socket_;
  http::connection_place connection_;
  http::client_key client_;
  http::websocket_decoder decoder_;
  http::websocket_close_handshake closing_;
  chat_dialogue dialogue_;
  std::shared_ptr<const door::principal> who_;
  socket_place place_;
  chat_sockets& all_;
  async::wakeup growth_;   // a cursor has more, or `out_` has: the writer looks again
  async::wakeup written_;  // the writer has sent something: a held-back reader looks again
  std::string out_;
  std::chrono::steady_clock::time_point heard_at_;
  std::chrono::steady_clock::time_point message_since_;  // the message under way began; the epoch: there is none
  std::chrono::steady_clock::time_point closing_since_;
  std::chrono::steady_clock::time_point check_session_at_;
  bool pinged_ = false;
  bool writing_ = false;
  bool shut_ = false;
  bool ended_ = false;

  friend class chat_sockets;
  chat_socket* next_ = nullptr;  // in the list of the worker's sockets
  chat_socket* previous_ = nullptr;
};

}  // namespace sluice::gateway
