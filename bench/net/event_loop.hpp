// The loop under the measuring tools: plain epoll and a heap of timers, so that the tools cost little and share
// nothing with what they measure. One thread; nothing here may be called from another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::bench {

/// Nanoseconds of the monotonic clock.
using nanoseconds_t = std::int64_t;
nanoseconds_t monotonic_now();

inline constexpr nanoseconds_t nanoseconds_per_second = 1'000'000'000;

/// Hears that its descriptor can be read or written.
class watcher {
 public:
  virtual ~watcher() = default;
  /// `events` as epoll gives them.
  virtual void on_ready(std::uint32_t events) = 0;
};

/// Something that is due once. Its owner may destroy it at any time.
class timer {
 public:
  timer() = default;
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;
  virtual ~timer();
  virtual void on_due(nanoseconds_t now) = 0;
  bool armed() const { return position_ != unarmed; }

 private:
  friend class timer_heap;
  static constexpr std::size_t unarmed = SIZE_MAX;
  class timer_heap* heap_ = nullptr;
  std::size_t position_ = unarmed;
  nanoseconds_t due_ = 0;
};

/// A binary heap in which each timer knows its place, so that one can be taken out or moved in log n.
class timer_heap {
 public:
  timer_heap() = default;
  /// Timers may outlive it.
  ~timer_heap();
  timer_heap(const timer_heap&) = delete;
  timer_heap& operator=(const timer_heap&) = delete;

  /// Moves the timer if it is armed already.
  void arm(timer& which, nanoseconds_t due);
  void disarm(timer& which);
  bool empty() const { return heap_.empty(); }
  nanoseconds_t next_due() const { return heap_.front()->due_; }
  /// Calls every timer that is due. One that arms itself again must be due later than `now`.
  void run_due(nanoseconds_t now);

 private:
  void place(std::size_t position, timer* which);
  void rise(std::size_t position);
  void sink(std::size_t position);
  std::vector<timer*> heap_;
};

class event_loop {
 public:
  event_loop();
  ~event_loop();
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  void watch(int descriptor, std::uint32_t events, watcher& who);
  void rewatch(int descriptor, std::uint32_t events, watcher& who);
  /// Before the descriptor is closed.
  void forget(int descriptor);
  /// Destroys it when the events of this round have been delivered: some of them may still name it.
  void retire(std::unique_ptr<watcher> who) { retired_.push_back(std::move(who)); }

  timer_heap& timers() { return timers_; }

  /// Until `stop`. SIGINT and SIGTERM stop it too if `stop_on_signal` was called.
  void run();
  void stop() { running_ = false; }
  static void stop_on_signal();

 private:
  void wait_and_deliver();
  int epoll_;
  bool running_ = true;
  timer_heap timers_;
  std::vector<std::unique_ptr<watcher>> retired_;
};

}  // namespace sluice::bench
