#include "app/terminal_text.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace sluice::app {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// The bytes of what may not stand at the front of `text`; 0 if that is fine.
std::size_t unfit_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first == '\n' || first == '\t') return 0;
  if (first < 0x20 || first == 0x7F) return 1;
  const bool is_c1 = first == 0xC2 && text.size() > 1 && static_cast<unsigned char>(text[1]) < 0xA0;
  if (is_c1) return 2;
  return begins_with_direction_control(text) ? 3 : 0;
}

}  // namespace

std::string for_terminal(std::string_view text) {
  std::string fit;
  fit.reserve(text.size());
  while (!text.empty()) {
    if (const std::size_t bytes = unfit_bytes(text)) {
      fit += replacement;
      text.remove_prefix(bytes);
    } else {
      fit += text[0];
      text.remove_prefix(1);
    }
  }
  return fit;
}

std::string for_terminal_line(std::string_view text) {
  std::string line = for_terminal(text);
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return line;
}

}  // namespace sluice::app
