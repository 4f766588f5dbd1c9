// One connection's protocol as a client speaks it: requests are begun, bytes are fed, answers are checked. No I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bench/answer/scenario.hpp"

namespace sluice::bench {

enum class client_face : std::uint8_t {
  json,      ///< chat completions, not streamed
  sse,       ///< chat completions, streamed
  ws_basic,  ///< the basic dialect of the WebSocket protocol
  ws_full,   ///< sluice.v1
  ws_ping,   ///< sluice.v1: ping and pong
  ws_echo,   ///< any server that sends each message back as it came
};

/// Throws std::runtime_error that names the known ones.
client_face parse_client_face(std::string_view name);

struct exchange_settings {
  client_face face = client_face::sse;
  std::string host;  ///< of the Host header
  std::string path;  ///< of the request or the upgrade
  std::string key;   ///< API key or token; empty sends none
  std::string model = "sim";
  scenario plan;                      ///< what the answers must hold
  std::uint32_t message_bytes = 900;  ///< of the user's message, or of a ping or echo message as a whole
};

class exchange {
 public:
  explicit exchange(const exchange_settings& settings) : settings_(settings) {}
  virtual ~exchange() = default;

  /// Appends what must be sent once connected; `ready` says when the first request may follow.
  virtual void open(std::string& /*out*/) { ready_ = true; }
  /// Appends a request. Only while `ready` and not `busy`. `number` makes its message, and so its answer, unlike
  /// others.
  virtual void begin(std::string& out, std::uint64_t number) = 0;
  /// Consumes all of `input`; may append what must be sent (a pong).
  virtual void feed(std::string& input, std::string& out) = 0;
  /// The peer closed. Fails if something was under way.
  void peer_closed();

  bool ready() const { return ready_; }
  bool busy() const { return busy_; }
  /// Tokens of the request under way, or of the last one.
  std::uint32_t tokens() const { return tokens_; }
  /// Empty, or what went wrong: a wrong answer is never silent.
  const std::string& failure() const { return failure_; }

 protected:
  void fail(std::string why);
  std::string user_message(std::uint64_t number) const;
  const exchange_settings& settings() const { return settings_; }

  bool ready_ = false;
  bool busy_ = false;
  std::uint32_t tokens_ = 0;

 private:
  const exchange_settings& settings_;
  std::string failure_;
};

/// `settings` must outlive it.
std::unique_ptr<exchange> make_exchange(const exchange_settings& settings);

}  // namespace sluice::bench
