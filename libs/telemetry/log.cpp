#include "telemetry/log.hpp"

#include <cmath>

#include <fmt/format.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>

#include "base/json_text.hpp"
#include "telemetry/escape.hpp"
#include "telemetry/line_sink.hpp"

namespace sluice::telemetry {
namespace {

constexpr std::size_t message_bytes_max = 4096;
constexpr std::size_t value_bytes_max = 2048;
static_assert(static_cast<int>(log_level::off) == spdlog::level::off - 1, "spdlog has `critical`, we do not");

spdlog::level::level_enum to_spdlog(log_level level) {
  return level == log_level::off ? spdlog::level::off : static_cast<spdlog::level::level_enum>(level);
}

bool needs_quotes(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == '"' || byte == '=' || byte == '\\' || byte >= 0x7F) return true;
  }
  return text.empty();
}

void append_quoted(std::string& out, std::string_view text, escape_for place, std::size_t bytes_max) {
  out += '"';
  append_escaped(out, text, place, bytes_max);
  out += '"';
}

void append_value(std::string& out, const field::content& holds, log_format format) {
  if (const auto* text = std::get_if<std::string_view>(&holds)) {
    if (format == log_format::json) {
      append_quoted(out, *text, escape_for::json, value_bytes_max);
    } else if (needs_quotes(*text) || text->size() > value_bytes_max) {
      append_quoted(out, *text, escape_for::terminal, value_bytes_max);
    } else {
      out += *text;
    }
  } else if (const auto* below_zero = std::get_if<std::int64_t>(&holds)) {
    append_number(out, *below_zero);
  } else if (const auto* number = std::get_if<std::uint64_t>(&holds)) {
    append_number(out, *number);
  } else if (const auto* real = std::get_if<double>(&holds)) {
    // JSON has no word for what is no number.
    out += std::isfinite(*real) ? fmt::format("{:.6g}", *real) : "null";
  } else {
    out += std::get<bool>(holds) ? "true" : "false";
  }
}

void append_fields(std::string& out, logger::fields given, log_format format) {
  for (const field& each : given) {
    if (out.size() > line_bytes_max) return;
    if (format == log_format::json) {
      out += ',';
      append_quoted(out, each.key(), escape_for::json, value_bytes_max);
      out += ':';
    } else {
      out += ' ';
      append_escaped(out, each.key(), escape_for::terminal, value_bytes_max);
      out += '=';
    }
    append_value(out, each.holds(), format);
  }
}

}  // namespace

std::string_view to_string(log_level level) {
  switch (level) {
    case log_level::trace:
      return "trace";
    case log_level::debug:
      return "debug";
    case log_level::info:
      return "info";
    case log_level::warning:
      return "warning";
    case log_level::error:
      return "error";
    case log_level::off:
      return "off";
  }
  return "info";
}

// spdlog's queue and thread without its registry of names.
class logger::core {
 public:
  explicit core(const log_settings& told)
      : format_(told.format),
        level_(told.level),
        sink_(std::make_shared<line_sink>(told)),
        thread_(std::make_shared<spdlog::details::thread_pool>(told.queue_lines, 1)),
        logger_(std::make_shared<spdlog::async_logger>("sluice", sink_, thread_,
                                                       spdlog::async_overflow_policy::overrun_oldest)) {
    logger_->set_level(spdlog::level::trace);
    logger_->set_error_handler([](const std::string&) {});
    sink_->watch_gaps([pool = thread_.get()] { return pool->overrun_counter(); });
  }
  ~core() {
    sink_->leave();
    logger_.reset();
    thread_.reset();  // writes what is queued and joins
  }

  log_format format() const { return format_; }
  log_level level() const { return level_.load(std::memory_order_relaxed); }
  void set_level(log_level level) { level_.store(level, std::memory_order_relaxed); }
  std::uint64_t dropped() const { return thread_->overrun_counter(); }

  void write(log_level level, std::string_view line) {
    logger_->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  log_format format_;
  std::atomic<log_level> level_;
  std::shared_ptr<line_sink> sink_;
  std::shared_ptr<spdlog::details::thread_pool> thread_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

logger::logger(const log_settings& told) : core_(std::make_shared<core>(told)) {}

logger logger::with(fields always) const {
  std::string text = always_;
  append_fields(text, always, core_->format());
  return logger(core_, std::move(text));
}

void logger::log(log_level level, std::string_view message, fields more) const {
  if (!enabled(level)) return;
  std::string line;
  line.reserve(256);
  if (core_->format() == log_format::json) {
    line += R"("message":)";
    append_quoted(line, message, escape_for::json, message_bytes_max);
  } else {
    append_escaped(line, message, escape_for::terminal, message_bytes_max);
  }
  line += always_;
  append_fields(line, more, core_->format());
  core_->write(level, line);
}

bool logger::enabled(log_level level) const {
  return level >= core_->level() && level != log_level::off;
}
void logger::set_level(log_level level) {
  core_->set_level(level);
}
std::uint64_t logger::dropped() const {
  return core_->dropped();
}

std::optional<std::uint64_t> log_limit::admit(std::chrono::steady_clock::time_point now) {
  const auto at = now.time_since_epoch().count();
  auto next = next_.load(std::memory_order_relaxed);
  if (at < next || !next_.compare_exchange_strong(next, at + interval_.count(), std::memory_order_relaxed)) {
    left_out_.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  return left_out_.exchange(0, std::memory_order_relaxed);
}

}  // namespace sluice::telemetry
