// One connection to the simulated provider: requests in, packets out, at the pace that was asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bench/llmsim/packet_cutter.hpp"
#include "bench/llmsim/provider.hpp"
#include "bench/net/event_loop.hpp"
#include "bench/net/socket.hpp"

namespace sluice::bench {

class connection : public watcher, private timer {
 public:
  /// Registers itself with the loop and destroys itself when the connection is over.
  static void start(event_loop& loop, provider& owner, socket_handle socket);
  ~connection() override;

  void on_ready(std::uint32_t events) override;

 private:
  connection(event_loop& loop, provider& owner, socket_handle socket);
  void on_due(nanoseconds_t now) override;
  void read();
  void answer_next_request();
  void send(nanoseconds_t now);
  bool send_packets(nanoseconds_t now);
  void packet_sent(nanoseconds_t now);
  void answer_done();
  void close(bool by_peer);

  event_loop& loop_;
  provider& provider_;
  socket_handle socket_;
  http_reader reader_;
  std::string input_;
  std::string output_;
  std::size_t sent_ = 0;
  bool blocked_ = false;  // waits until the socket takes more
  std::unique_ptr<answer_stream> stream_;
  packet_cutter cutter_{scenario{}};
  std::size_t slow_bytes_ = 0;  // of the head, left to be sent one by one
  packet_step step_;
  nanoseconds_t due_ = 0;
};

/// Accepts connections for as long as the loop runs.
class acceptor : public watcher {
 public:
  acceptor(event_loop& loop, provider& owner, socket_handle listener);
  void on_ready(std::uint32_t events) override;

 private:
  event_loop& loop_;
  provider& provider_;
  socket_handle listener_;
};

}  // namespace sluice::bench
