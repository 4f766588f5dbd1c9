// A client's end of a chat socket, for the terminal.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "async/blocking_pool.hpp"
#include "async/task.hpp"
#include "base/secret_string.hpp"
#include "http/resolver.hpp"
#include "http/stream_socket.hpp"
#include "http/url.hpp"
#include "http/websocket_codec.hpp"

namespace sluice::app {

struct chat_target {
  http::base_url url;
  secret_string token;
};

/// The message reads on from the name of the setting ("must begin with …").
std::expected<chat_target, std::string> make_chat_target(const std::string& url, const std::string& token);

/// Speaks `sluice.v1` to `/v1/chat`. Errors are in words for the user; after one, `connect` may be tried again.
class chat_connection {
 public:
  chat_connection(executor on, async::blocking_pool& lookups, chat_target target);

  /// Connects, or connects anew, within ten seconds.
  task<std::expected<void, std::string>> connect();
  task<std::expected<void, std::string>> send(std::string text);
  /// The next text message; pings are answered on the way. Fails when the peer says nothing for two heartbeats of a
  /// server with default settings.
  task<std::expected<std::string, std::string>> receive();

 private:
  task<std::expected<void, std::string>> open();
  task<std::expected<void, std::string>> shake_hands();
  task<std::expected<std::string, std::string>> read_message();

  executor executor_;
  http::resolver names_;
  chat_target target_;
  std::unique_ptr<http::stream_socket> socket_;
  std::unique_ptr<http::websocket_decoder> decoder_;
  http::websocket_close_handshake closing_;
  std::string buffer_;
};

}  // namespace sluice::app
