#include "generation/request.hpp"

#include <array>
#include <ranges>
#include <utility>

namespace sluice::generation {
namespace {

constexpr std::array<std::pair<role, std::string_view>, 5> role_names{{{role::system, "system"},
                                                                       {role::developer, "developer"},
                                                                       {role::user, "user"},
                                                                       {role::assistant, "assistant"},
                                                                       {role::tool, "tool"}}};

}  // namespace

std::string_view to_string(role value) {
  return role_names[static_cast<std::size_t>(value)].second;
}

std::optional<role> parse_role(std::string_view text) {
  for (const auto& [value, name] : role_names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

std::string last_user_text(const request& asked) {
  std::string text;
  for (const message& one : asked.messages | std::views::reverse) {
    if (one.role != role::user) continue;
    for (const content_part& part : one.parts) {
      if (const auto* words = std::get_if<text_part>(&part.what)) text += words->text;
    }
    break;
  }
  return text;
}

std::size_t text_bytes(const request& asked) {
  std::size_t bytes = 0;
  for (const message& said : asked.messages) {
    for (const content_part& part : said.parts) {
      if (const auto* text = std::get_if<text_part>(&part.what)) bytes += text->text.size();
    }
  }
  return bytes;
}

}  // namespace sluice::generation
