// Which passwords are accepted.
#include <algorithm>
#include <ranges>
#include <string>
#include <unordered_set>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "identity/names.hpp"
#include "identity/passwords.hpp"

namespace sluice::embedded {
extern const std::string_view common_passwords;
}

namespace sluice::identity {
namespace {

constexpr std::size_t name_characters_min = 4;  // shorter names occur in good passwords by chance

const std::unordered_set<std::string_view>& common() {
  static const auto* const words = [] {
    auto* made = new std::unordered_set<std::string_view>;
    for (const auto line : std::views::split(embedded::common_passwords, '\n')) {
      if (!line.empty()) made->emplace(line.begin(), line.end());
    }
    return made;
  }();
  return *words;
}

// C0, DEL and C1 (two bytes in UTF-8).
bool has_control_characters(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

// "aaaaaaaa", "12345678", "hgfedcba": each byte as far from the last as all others.
bool is_row(std::string_view text) {
  const int step = text[1] - text[0];
  if (step < -1 || step > 1) return false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] - text[i - 1] != step) return false;
  }
  return true;
}

// Without what people put around a word to make it count: digits and signs at both ends.
std::string_view core_of(std::string_view text) {
  const auto is_decoration = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x80 && !(byte >= 'a' && byte <= 'z');
  };
  while (!text.empty() && is_decoration(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_decoration(text.back()))
    text.remove_suffix(1);
  return text;
}

bool is_like_name(std::string_view folded, std::string_view name_key) {
  if (folded == name_key) return true;
  const std::string_view name = core_of(name_key);
  if (count_code_points(name) < name_characters_min) return false;
  const std::string_view core = core_of(folded);
  const std::string reversed(name.rbegin(), name.rend());
  return core == name || core == reversed || core == std::string(name) + std::string(name);
}

}  // namespace

result<void> check_password_size(const secret_string& password, std::string_view param) {
  if (password.reveal().size() <= password_bytes_max) return {};
  return failure(error_reason::invalid_argument,
                 fmt::format("{}: is too long: at most {} bytes", param, password_bytes_max), std::string(param));
}

result<void> check_new_password(const secret_string& password, std::string_view name_key, std::string_view param) {
  const auto refuse = [param](std::string_view why) {
    return failure(error_reason::invalid_argument, fmt::format("{}: {}", param, why), std::string(param));
  };
  if (auto fits = check_password_size(password, param); !fits) return fits;
  const std::string_view text = password.reveal();
  if (!is_valid_utf8(text)) return refuse("is not valid UTF-8");
  const std::size_t length = count_code_points(text);
  if (length < password_code_points_min) {
    return refuse(fmt::format("is too short: at least {} characters", password_code_points_min));
  }
  if (length > password_code_points_max) {
    return refuse(fmt::format("is too long: at most {} characters", password_code_points_max));
  }
  if (has_control_characters(text)) return refuse("control characters are not allowed");
  const std::string folded = fold(text);
  if (is_like_name(folded, name_key)) return refuse("is too much like the username");
  if (is_row(text) || common().contains(folded)) return refuse("is one of the first that anybody would guess");
  return {};
}

}  // namespace sluice::identity
