#include "bench/answer/scenario.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace sluice::bench {

namespace {

constexpr auto fault_names = std::to_array<std::pair<std::string_view, fault_kind>>({
    {"none", fault_kind::none},
    {"refuse", fault_kind::refuse},
    {"stall", fault_kind::stall},
    {"stall_headers", fault_kind::stall_headers},
    {"slow_headers", fault_kind::slow_headers},
    {"garbage_http", fault_kind::garbage_http},
    {"not_json", fault_kind::not_json},
    {"garbage", fault_kind::not_json},
    {"stall_stream", fault_kind::stall_stream},
    {"cut", fault_kind::cut},
    {"cut_clean", fault_kind::cut_clean},
    {"cut_event", fault_kind::cut_event},
    {"cut_reset", fault_kind::cut_reset},
    {"endless_line", fault_kind::endless_line},
    {"error_event", fault_kind::error_event},
    {"invalid_utf8", fault_kind::invalid_utf8},
    {"no_done", fault_kind::no_done},
    {"alter", fault_kind::alter},
    {"drop", fault_kind::drop},
    {"repeat", fault_kind::repeat},
});

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool parse_flag(std::string_view text, bool& flag) {
  flag = text == "1" || text == "yes" || text == "true";
  return flag || text == "0" || text == "no" || text == "false";
}

bool parse_text(std::string_view text, text_kind& kind) {
  if (text == "words")
    kind = text_kind::words;
  else if (text == "unicode")
    kind = text_kind::unicode;
  else if (text == "echo")
    kind = text_kind::echo;
  else
    return false;
  return true;
}

bool parse_split(std::string_view text, scenario& to) {
  if (text == "none")
    to.split = split_kind::none;
  else if (text == "every")
    to.split = split_kind::every;
  else if (text == "character")
    to.split = split_kind::character;
  else if (parse_number(text, to.split_offset))
    to.split = split_kind::at_offset;
  else
    return false;
  return true;
}

bool parse_fault(std::string_view text, scenario& to) {
  if (parse_number(text, to.status) && to.status >= 400 && to.status < 600) {
    to.fault = fault_kind::status;
    return true;
  }
  const auto* const known = std::ranges::find(fault_names, text, &std::pair<std::string_view, fault_kind>::first);
  if (known == fault_names.end()) return false;
  to.fault = known->second;
  return true;
}

bool parse_seed(std::string_view text, scenario& to) {
  std::uint64_t seed = 0;
  if (!parse_number(text, seed)) return false;
  to.seed = seed;
  return true;
}

}  // namespace

std::expected<void, std::string> scenario::set(std::string_view key, std::string_view value) {
  const auto counts = std::to_array<std::pair<std::string_view, std::uint32_t*>>({
      {"tokens", &tokens},
      {"size", &size},
      {"reasoning", &reasoning},
      {"tools", &tools},
      {"batch", &batch},
      {"first_token_ms", &first_token_ms},
      {"headers_ms", &headers_ms},
      {"gap_us", &gap_us},
      {"after", &after},
      {"fault_times", &fault_times},
      {"retry_after", &retry_after},
  });
  const auto* const count = std::ranges::find(counts, key, &std::pair<std::string_view, std::uint32_t*>::first);
  bool good = false;
  if (count != counts.end())
    good = parse_number(value, *count->second);
  else if (key == "rate")
    good = parse_number(value, rate) && rate >= 0;
  else if (key == "fault_rate")
    good = parse_number(value, fault_rate);
  else if (key == "text")
    good = parse_text(value, text);
  else if (key == "escape")
    good = parse_flag(value, escape);
  else if (key == "usage")
    good = parse_flag(value, usage);
  else if (key == "seed")
    good = parse_seed(value, *this);
  else if (key == "split")
    good = parse_split(value, *this);
  else if (key == "fault")
    good = parse_fault(value, *this);
  else if (key == "finish")
    good = !(finish = value).empty();
  else
    return std::unexpected("unknown key \"" + std::string(key) + "\"");
  if (!good) return std::unexpected("\"" + std::string(value) + "\" is no value for \"" + std::string(key) + "\"");
  batch = std::max(batch, 1U);
  size = std::max(size, 2U);
  return {};
}

std::expected<void, std::string> scenario::apply(std::string_view description) {
  while (!description.empty()) {
    const std::size_t end = description.find_first_of(",;");
    const std::string_view pair = description.substr(0, end);
    description.remove_prefix(end == std::string_view::npos ? description.size() : end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return std::unexpected("\"" + std::string(pair) + "\" is not key=value");
    if (auto done = set(pair.substr(0, equals), pair.substr(equals + 1)); !done) return done;
  }
  return {};
}

}  // namespace sluice::bench
