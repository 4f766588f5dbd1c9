#include "store/postgres_schema.hpp"

#include <algorithm>

namespace sluice::store {
namespace {

bool is_word(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// Where what begins at `at` ends: a word, a comment, something in quotation marks, or a single character.
std::size_t token_end(std::string_view text, std::size_t at) {
  const auto behind = [&](std::string_view closing, std::size_t from) {
    const std::size_t found = text.find(closing, from);
    return found == std::string_view::npos ? text.size() : found + closing.size();
  };
  if (text.substr(at).starts_with("--")) return behind("\n", at);
  if (text[at] == '\'' || text[at] == '"') return behind(text.substr(at, 1), at + 1);
  if (!is_word(text[at])) return at + 1;
  return static_cast<std::size_t>(std::ranges::find_if_not(text.substr(at), is_word) - text.begin());
}

}  // namespace

std::string postgres_schema(std::string_view step) {
  std::string text;
  for (std::size_t at = 0; at < step.size();) {
    const std::size_t end = token_end(step, at);
    const std::string_view token = step.substr(at, end - at);
    text += token;
    if (token == "TEXT") text += " COLLATE \"C\"";
    at = end;
  }
  return text;
}

}  // namespace sluice::store
