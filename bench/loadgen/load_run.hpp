// A run: connections that ask and check, for as long as was asked, and what came of it.
//
// Closed loop: each connection asks again as soon as it was answered. Open loop: requests are due at a fixed rate, each
// taken by a free connection, and a latency counts from when its request was due, so that a stall is not hidden.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <netinet/in.h>

#include "bench/loadgen/exchange.hpp"
#include "bench/loadgen/histogram.hpp"
#include "bench/loadgen/process_meter.hpp"
#include "bench/net/event_loop.hpp"
#include "bench/net/socket.hpp"

namespace sluice::bench {

struct load_settings {
  sockaddr_in address{};
  exchange_settings exchange;
  std::uint32_t connections = 64;
  double rate = 0;        ///< requests a second; 0 is the closed loop
  double warmup_s = 0.5;  ///< before anything counts
  double duration_s = 3;
  double drain_s = 10;         ///< for what is under way at the end; longer is a failure
  std::uint64_t requests = 0;  ///< if not 0, ends after so many instead (closed loop, no warm-up)
  std::vector<int> pids;       ///< the processes whose CPU and memory count, together
};

struct load_result {
  double elapsed_s = 0;
  std::uint64_t requests = 0;  ///< answered in that time
  std::uint64_t tokens = 0;    ///< of answers that ended in that time
  process_usage before, after;
  histogram latency;      ///< ns, to the end of the answer
  histogram first_token;  ///< ns
  std::uint64_t failures = 0;
  std::string first_failure;
};

class load_connection;

class load_run : private timer {
 public:
  explicit load_run(const load_settings& settings);
  ~load_run() override;
  load_result run();

  // For its connections.
  event_loop& loop() { return loop_; }
  const load_settings& settings() const { return settings_; }
  void became_free(load_connection& who);
  void tokens_came(std::uint32_t count);
  void first_token(nanoseconds_t due, nanoseconds_t now);
  void answered(nanoseconds_t due, nanoseconds_t now);
  void failed(const std::string& why);

 private:
  enum class phase : std::uint8_t { opening, warmup, measuring, draining };

  void on_due(nanoseconds_t now) override;
  void all_open(nanoseconds_t now);
  void start_measuring(nanoseconds_t now);
  void start_draining(nanoseconds_t now);
  void requests_due(nanoseconds_t now);
  void start_some(nanoseconds_t now);
  nanoseconds_t next_look(nanoseconds_t now) const;
  void give_work(load_connection& who, nanoseconds_t due);
  bool enough() const { return settings_.requests != 0 && begun_ >= settings_.requests; }

  load_settings settings_;
  event_loop loop_;
  load_result result_;
  phase phase_ = phase::opening;
  nanoseconds_t phase_end_ = 0;
  nanoseconds_t all_open_since_ = 0;
  nanoseconds_t measuring_since_ = 0;
  nanoseconds_t next_due_ = 0;  // open loop
  std::uint64_t begun_ = 0;
  std::uint64_t number_base_;  // makes this run's messages unlike those of another
  std::uint32_t busy_ = 0;
  std::uint32_t opened_ = 0;
  std::uint32_t started_ = 0;  // closed loop: connections that have their first request
  std::vector<load_connection*> free_;
  std::deque<nanoseconds_t> waiting_;  // due, and no connection was free
  std::vector<std::unique_ptr<load_connection>> connections_;
};

/// One socket and the protocol on it.
class load_connection : public watcher {
 public:
  explicit load_connection(load_run& owner);
  void ask(std::uint64_t number, nanoseconds_t due);
  void on_ready(std::uint32_t events) override;

 private:
  void write();
  void read();
  void check(bool was_ready);
  void give_up(const std::string& why);

  load_run& run_;
  socket_handle socket_;
  std::unique_ptr<exchange> exchange_;
  std::string input_;
  std::string output_;
  std::size_t sent_ = 0;
  bool connected_ = false;
  bool asking_ = false;
  std::uint32_t tokens_seen_ = 0;
  nanoseconds_t due_ = 0;
};

}  // namespace sluice::bench
