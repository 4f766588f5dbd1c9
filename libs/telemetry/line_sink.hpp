// Where the log's own thread writes its lines.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include "telemetry/log.hpp"

namespace sluice::telemetry {

/// The longest line, so that every one but the longest fits a pipe's atomic write.
inline constexpr std::size_t line_bytes_max = 16'384;

/// Puts time and level before what the logger made of message and fields, and writes to a descriptor. It waits as long
/// as the reader takes, until it is told to leave.
class line_sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit line_sink(const log_settings& told)
      : descriptor_(told.descriptor), format_(told.format), exit_patience_(told.exit_patience) {}

  /// Before the first line. `dropped` counts the lines that the queue has lost: a gap is told where it is, at most once
  /// a second.
  void watch_gaps(std::function<std::uint64_t()> dropped) { dropped_ = std::move(dropped); }
  /// From any thread: from now on, what cannot be written within the exit's patience is lost.
  void leave();

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override;
  void flush_() override {}

 private:
  void tell_gap(spdlog::log_clock::time_point at);
  void begin_line(spdlog::log_clock::time_point at, log_level level);
  void end_line();
  void append_time(std::string& out, spdlog::log_clock::time_point at);
  void write(std::string_view bytes);
  // Waits until the descriptor takes bytes; false when there is no more time for that, or nobody reads it.
  bool wait_writable();

  int descriptor_;
  log_format format_;
  std::chrono::milliseconds exit_patience_;
  std::atomic<std::chrono::steady_clock::rep> leave_by_{0};  // 0: not leaving
  bool broken_ = false;                                      // nobody reads any more, and there is nowhere to say so
  std::function<std::uint64_t()> dropped_;
  std::uint64_t told_dropped_ = 0;
  log_limit gap_limit_{std::chrono::seconds(1)};
  std::string text_;               // reused
  std::time_t known_second_ = -1;  // what `known_text_` says
  char known_text_[32] = {};
};

}  // namespace sluice::telemetry
