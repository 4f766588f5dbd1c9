// Durations and sizes as people write them in configuration: "250ms", "5m", "64KiB".
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace sluice {

/// A whole number with a unit out of `ms s m h d`, e.g. "1500ms". "0" needs no unit. The error says what was expected.
std::expected<std::chrono::milliseconds, std::string> parse_duration(std::string_view text);

/// A whole number of bytes, bare or with `B KiB MiB GiB`. The error says what was expected.
std::expected<std::uint64_t, std::string> parse_size(std::string_view text);

/// The shortest text that `parse_duration` reads back to the same value, e.g. 90000 ms → "90s".
std::string format_duration(std::chrono::milliseconds duration);

/// The shortest text that `parse_size` reads back to the same value, e.g. 65536 → "64KiB".
std::string format_size(std::uint64_t bytes);

}  // namespace sluice
