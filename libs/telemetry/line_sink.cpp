#include "telemetry/line_sink.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <iterator>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

namespace sluice::telemetry {
namespace {

using std::chrono::steady_clock;

// How soon a blocked write notices that it should leave.
constexpr int poll_ms = 100;

}  // namespace

void line_sink::leave() {
  leave_by_.store((steady_clock::now() + exit_patience_).time_since_epoch().count(), std::memory_order_relaxed);
}

void line_sink::sink_it_(const spdlog::details::log_msg& line) {
  tell_gap(line.time);
  begin_line(line.time, static_cast<log_level>(line.level));
  text_.append(line.payload.data(), line.payload.size());
  end_line();
}

void line_sink::tell_gap(spdlog::log_clock::time_point at) {
  const std::uint64_t now = dropped_();
  if (now == told_dropped_ || !gap_limit_.admit()) return;
  begin_line(at, log_level::warning);
  fmt::format_to(std::back_inserter(text_),
                 fmt::runtime(format_ == log_format::json ? R"("message":"log lines were lost","lines":{})"
                                                          : "log lines were lost lines={}"),
                 now - told_dropped_);
  end_line();
  told_dropped_ = now;
}

void line_sink::begin_line(spdlog::log_clock::time_point at, log_level level) {
  text_.clear();
  if (format_ == log_format::json) {
    text_ += R"({"time":")";
    append_time(text_, at);
    fmt::format_to(std::back_inserter(text_), R"(","level":"{}",)", to_string(level));
  } else {
    append_time(text_, at);
    fmt::format_to(std::back_inserter(text_), " {:<7} ", to_string(level));
  }
}

void line_sink::end_line() {
  text_ += format_ == log_format::json ? "}\n" : "\n";
  write(text_);
}

// RFC 3339 in UTC, with milliseconds.
void line_sink::append_time(std::string& out, spdlog::log_clock::time_point at) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
  const auto second = static_cast<std::time_t>(since / 1000);
  if (second != known_second_) {
    std::tm parts{};
    gmtime_r(&second, &parts);
    std::strftime(known_text_, sizeof(known_text_), "%Y-%m-%dT%H:%M:%S", &parts);
    known_second_ = second;
  }
  fmt::format_to(std::back_inserter(out), "{}.{:03}Z", known_text_, since % 1000);
}

// A blocking pipe that polls as writable takes PIPE_BUF bytes without blocking (POSIX, pipe(7)).
void line_sink::write(std::string_view bytes) {
  while (!bytes.empty() && !broken_) {
    if (!wait_writable()) {
      broken_ = true;
      return;
    }
    const ssize_t written = ::write(descriptor_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
    if (written > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (written < 0 && errno != EINTR && errno != EAGAIN) {
      broken_ = true;
    }
  }
}

bool line_sink::wait_writable() {
  for (;;) {
    pollfd waiting{.fd = descriptor_, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&waiting, 1, poll_ms);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    const auto leave_by = leave_by_.load(std::memory_order_relaxed);
    if (leave_by != 0 && steady_clock::now().time_since_epoch().count() >= leave_by) return false;
  }
}

}  // namespace sluice::telemetry
