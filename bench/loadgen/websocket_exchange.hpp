// The WebSocket protocol from the client's side: chats in both dialects, and pings.
#pragma once

#include <memory>
#include <optional>

#include "bench/loadgen/answer_checker.hpp"
#include "bench/loadgen/exchange.hpp"
#include "bench/loadgen/json_reader.hpp"
#include "bench/loadgen/websocket_frames.hpp"
#include "bench/net/http_reader.hpp"

namespace sluice::bench {

/// Upgrade, frames, pings of the server.
class websocket_exchange : public exchange {
 public:
  using exchange::exchange;
  void open(std::string& out) override;
  void feed(std::string& input, std::string& out) override;

 protected:
  virtual void message(std::string_view text) = 0;
  /// Whether the server says hello before the first request.
  bool speaks_full_dialect() const;
  void append_message(std::string& out, std::string_view text);
  std::uint32_t next_mask() { return mask_ = mask_ * 747796405U + 2891336453U; }

 private:
  void read_upgrade();
  bool read_frame(std::string_view& rest, std::string& out);

  bool upgraded_ = false;
  std::uint32_t mask_ = 1;
  std::string bytes_;      // what has come and is not whole yet
  std::string fragments_;  // of a message in several frames
};

class websocket_chat : public websocket_exchange {
 public:
  using websocket_exchange::websocket_exchange;
  void begin(std::string& out, std::uint64_t number) override;

 private:
  void message(std::string_view text) override;
  void delta(simdjson::dom::element payload, std::string_view text);
  void check_envelope(simdjson::dom::element document, std::string_view type);

  std::optional<answer_checker> checker_;
  std::string id_;
  std::string generation_id_;
  std::uint64_t sequence_ = 0;
};

class websocket_echo : public websocket_exchange {
 public:
  using websocket_exchange::websocket_exchange;
  void begin(std::string& out, std::uint64_t number) override;

 private:
  void message(std::string_view text) override;
  std::string payload_;  // what must come back
};

}  // namespace sluice::bench
