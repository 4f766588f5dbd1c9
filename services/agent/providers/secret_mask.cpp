#include "agent/providers/secret_mask.hpp"

#include <algorithm>
#include <array>
#include <ranges>

namespace sluice::agent {
namespace {

constexpr std::string_view shown_instead = "[key]";
constexpr std::string_view word_ends = " \t\r\n\"'`,;()<>{}[]";
constexpr std::size_t beginning_bytes = 5;  // of a credential at least: "sk-ab"
constexpr std::size_t word_bytes_min = 8;   // shorter ones are "true", "v1", "beta": words of any error
constexpr std::size_t long_bytes_min = 12;  // shorter credentials are placeholders, which begin like any word

bool is_lower_case(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_for_credentials(std::string_view field_name) {
  std::string name(field_name);
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; });
  constexpr std::array<std::string_view, 6> signs{"key", "token", "secret", "auth", "cookie", "password"};
  return std::ranges::any_of(signs, [&](std::string_view sign) { return name.contains(sign); });
}

// How much of a credential tells it from a word of any text: "sk-ab", but of "token-abc" more than "token".
std::size_t length_of_beginning(std::string_view secret) {
  const std::size_t word = std::ranges::find_if_not(secret, is_lower_case) - secret.begin();
  return std::min(std::max(beginning_bytes, word + 1), secret.size());
}

void hide(std::string& text, std::string_view secret, bool by_beginning) {
  const std::string_view looked_for = by_beginning ? secret.substr(0, length_of_beginning(secret)) : secret;
  for (std::size_t at = text.find(looked_for); at != std::string::npos; at = text.find(looked_for, at)) {
    std::size_t bytes = looked_for.size();
    if (by_beginning) bytes = std::max(bytes, std::min(text.find_first_of(word_ends, at), text.size()) - at);
    if (std::string_view(text).substr(at).starts_with(secret)) bytes = std::max(bytes, secret.size());
    text.replace(at, bytes, shown_instead);
    at += shown_instead.size();
  }
}

}  // namespace

void secret_mask::add_credential(const secret_string& secret) {
  if (!secret.empty()) hidden_.push_back({secret, secret.reveal().size() >= long_bytes_min});
}

void secret_mask::add_field(std::string_view name, const secret_string& value) {
  const bool is_credential = is_for_credentials(name);
  for (const auto part : std::views::split(value.reveal(), ' ')) {
    const std::string_view word(part.begin(), part.end());
    if (word.size() < word_bytes_min) continue;
    hidden_.push_back({secret_string(std::string(word)), is_credential && word.size() >= long_bytes_min});
  }
}

std::string secret_mask::apply(std::string text) const {
  for (const hidden& one : hidden_)
    hide(text, one.text.reveal(), one.by_beginning);
  return text;
}

error secret_mask::apply(error problem) const {
  problem.message = apply(std::move(problem.message));
  problem.param = apply(std::move(problem.param));
  problem.detail = apply(std::move(problem.detail));
  return problem;
}

}  // namespace sluice::agent
