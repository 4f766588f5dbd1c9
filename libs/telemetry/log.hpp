// Structured log lines that never hold up a worker.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace sluice::telemetry {

enum class log_level : std::uint8_t { trace, debug, info, warning, error, off };
enum class log_format : std::uint8_t { text, json };

std::string_view to_string(log_level level);

/// One key and value of a line. Keys are literals in snake_case; text values live until the call returns. A
/// secret_string fits none of the constructors.
class field {
 public:
  using content = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  field(std::string_view key, std::string_view text) : key_(key), holds_(text) {}
  field(std::string_view key, const std::string& text) : field(key, std::string_view(text)) {}
  field(std::string_view key, const char* text) : field(key, std::string_view(text)) {}
  template <std::same_as<bool> T>
  field(std::string_view key, T truth) : key_(key), holds_(truth) {}
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  field(std::string_view key, T number) : key_(key) {
    if constexpr (std::is_signed_v<T>) {
      holds_ = static_cast<std::int64_t>(number);
    } else {
      holds_ = static_cast<std::uint64_t>(number);
    }
  }
  template <std::floating_point T>
  field(std::string_view key, T number) : key_(key), holds_(static_cast<double>(number)) {}
  /// In milliseconds; the key should end in `_ms`.
  template <class R, class P>
  field(std::string_view key, std::chrono::duration<R, P> length)
      : key_(key), holds_(std::chrono::duration<double, std::milli>(length).count()) {}

  std::string_view key() const { return key_; }
  const content& holds() const { return holds_; }

 private:
  std::string_view key_;
  content holds_;
};

struct log_settings {
  log_level level = log_level::info;
  log_format format = log_format::text;
  int descriptor = 2;              ///< where lines are written; not closed
  std::size_t queue_lines = 8192;  ///< when full, the oldest line makes room, and a later one says how many did
  std::chrono::milliseconds exit_patience{1000};  ///< how long a reader who does not read may hold up the exit
};

/// Lines go through a bounded queue to one thread that writes them, so a full pipe costs lines and never time. Control
/// characters and broken UTF-8 in messages and values come out escaped: one call is one line. Safe from any thread.
/// Copies share the queue; the last one to go writes what is left.
class logger {
 public:
  using fields = std::initializer_list<field>;

  explicit logger(const log_settings& told);

  /// A logger for the same queue with these fields on each of its lines, such as a request's id.
  logger with(fields always) const;

  void trace(std::string_view message, fields more = {}) const { log(log_level::trace, message, more); }
  void debug(std::string_view message, fields more = {}) const { log(log_level::debug, message, more); }
  void info(std::string_view message, fields more = {}) const { log(log_level::info, message, more); }
  void warning(std::string_view message, fields more = {}) const { log(log_level::warning, message, more); }
  void error(std::string_view message, fields more = {}) const { log(log_level::error, message, more); }
  void log(log_level level, std::string_view message, fields more = {}) const;

  bool enabled(log_level level) const;
  /// For every copy, at once.
  void set_level(log_level level);
  /// Lines that made room for newer ones since the start.
  std::uint64_t dropped() const;

 private:
  class core;
  logger(std::shared_ptr<core> shared, std::string always) : core_(std::move(shared)), always_(std::move(always)) {}

  std::shared_ptr<core> core_;
  std::string always_;  // fields of every line, as they are written
};

/// Lets through what may be logged once per interval, for errors that come in floods. One object per kind of line.
class log_limit {
 public:
  explicit log_limit(std::chrono::milliseconds interval) : interval_(interval) {}

  /// Nothing if the line should be left out; else how many were left out since the last one, to be logged with it.
  std::optional<std::uint64_t> admit(std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

 private:
  std::chrono::steady_clock::duration interval_;
  std::atomic<std::chrono::steady_clock::rep> next_{
      std::chrono::steady_clock::time_point::min().time_since_epoch().count()};
  std::atomic<std::uint64_t> left_out_{0};
};

}  // namespace sluice::telemetry
