#include "base/quantities.hpp"

#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace sluice {
namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};
// Smallest first: formatting takes the largest that divides.
constexpr std::array<unit, 5> duration_units{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<unit, 4> size_units{{{"B", 1}, {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}}};
constexpr std::uint64_t value_max = std::numeric_limits<std::int64_t>::max() / 1'000'000;  // safe as nanoseconds

template <std::size_t n>
std::expected<std::uint64_t, std::string> parse(std::string_view text, const std::array<unit, n>& units, bool bare,
                                                std::string_view expected) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto wrong = [&] { return std::unexpected(fmt::format("\"{}\" is not {}", text.substr(0, 64), expected)); };
  if (problem != std::errc{}) return wrong();
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  if (rest.empty() && (bare || number == 0)) return number;
  for (const unit& candidate : units) {
    if (rest != candidate.name) continue;
    if (number > value_max / candidate.factor)
      return std::unexpected(fmt::format("\"{}\" is too large", text.substr(0, 64)));
    return number * candidate.factor;
  }
  return wrong();
}

template <std::size_t n>
std::string format(std::uint64_t value, const std::array<unit, n>& units, std::string_view none) {
  if (value == 0) return std::string(none);
  for (std::size_t i = n; i-- > 0;) {
    if (value % units[i].factor == 0) return fmt::format("{}{}", value / units[i].factor, units[i].name);
  }
  return {};
}

}  // namespace

std::expected<std::chrono::milliseconds, std::string> parse_duration(std::string_view text) {
  const auto value = parse(text, duration_units, false, "a duration such as 250ms, 30s, 5m, 2h or 1d");
  if (!value) return std::unexpected(value.error());
  return std::chrono::milliseconds(*value);
}

std::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
  return parse(text, size_units, true, "a size such as 4096, 64KiB or 10MiB");
}

std::string format_duration(std::chrono::milliseconds duration) {
  return format(static_cast<std::uint64_t>(duration.count()), duration_units, "0s");
}

std::string format_size(std::uint64_t bytes) {
  return bytes % 1024 == 0 ? format(bytes, size_units, "0") : fmt::format("{}", bytes);
}

}  // namespace sluice
