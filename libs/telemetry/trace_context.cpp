#include "telemetry/trace_context.hpp"

#include <algorithm>
#include <span>

namespace sluice::telemetry {
namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::size_t parent_characters = 55;  // VERSION-TRACE-SPAN-FLAGS
constexpr std::size_t state_bytes_max = 512;
constexpr std::uint8_t sampled_flag = 1;

template <std::size_t Size>
bool is_zero(const std::array<std::uint8_t, Size>& bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) {
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
}

// Lower case alone is right here.
bool read_hex(std::string_view text, std::span<std::uint8_t> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t high = digits.find(text[2 * i]);
    const std::size_t low = digits.find(text[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

bool is_state(std::string_view text) {
  return text.size() <= state_bytes_max && text.find('=') != std::string_view::npos &&
         std::ranges::all_of(text, [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; });
}

}  // namespace

bool trace_context::is_valid() const {
  return !is_zero(trace_id) && !is_zero(span_id);
}

std::string trace_context::trace_id_text() const {
  std::string text;
  if (is_valid()) append_hex(text, trace_id);
  return text;
}

std::string trace_context::span_id_text() const {
  std::string text;
  if (is_valid()) append_hex(text, span_id);
  return text;
}

std::string trace_context::parent_text() const {
  std::string text;
  if (!is_valid()) return text;
  text.reserve(parent_characters);
  text += "00-";
  append_hex(text, trace_id);
  text += '-';
  append_hex(text, span_id);
  text += sampled ? "-01" : "-00";
  return text;
}

trace_context parse_trace_context(std::string_view parent, std::string_view state) {
  if (parent.size() < parent_characters || parent[2] != '-' || parent[35] != '-' || parent[52] != '-') return {};
  std::array<std::uint8_t, 1> version{};
  std::array<std::uint8_t, 1> flags{};
  trace_context read;
  if (!read_hex(parent, version) || !read_hex(parent.substr(3), read.trace_id) ||
      !read_hex(parent.substr(36), read.span_id) || !read_hex(parent.substr(53), flags))
    return {};
  // Versions to come may say more behind a dash; 255 is never one.
  const bool longer = parent.size() > parent_characters;
  if (version[0] == 0xFF || (longer && (version[0] == 0 || parent[parent_characters] != '-'))) return {};
  if (!read.is_valid()) return {};
  read.sampled = (flags[0] & sampled_flag) != 0;
  if (is_state(state)) read.state = state;
  return read;
}

}  // namespace sluice::telemetry
