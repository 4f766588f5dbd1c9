#include "bench/answer/answer_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace sluice::bench {

namespace {

// One of each thing that goes wrong somewhere: two, three and four bytes, surrogate pairs in UTF-16, joined emoji,
// combining and right-to-left letters, what JSON must escape, what JavaScript once could not hold, and a byte order
// mark.
constexpr auto characters = std::to_array<std::string_view>({
    "a",      "Z",      "0",  " ",  "\"",         "\\",      "/",  "\n", "\t", "é",      "ß",
    "ñ",      "Ω",      "ж",  "א",  "ب",          "e\u0301", "中", "文", "か", "한",     "€",
    "\u2028", "\uFEFF", "😀", "🚀", "👩\u200D💻", "𝄞",       "🇩🇪", "<",  "&",  "\u007F", "\u0001",
});

}  // namespace

std::uint64_t seed_of(std::string_view user_message) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char letter : user_message) {
    hash ^= static_cast<unsigned char>(letter);
    hash *= 1099511628211ULL;
  }
  return hash;
}

answer_text::answer_text(const scenario& plan, part which, std::uint64_t seed, std::string_view user_message)
    : kind_(plan.text),
      size_(plan.size),
      tokens_(which == part::text ? plan.tokens : plan.reasoning),
      state_(seed + (which == part::text ? 0 : 1)) {
  if (kind_ != text_kind::echo) return;
  if (which == part::reasoning) {
    kind_ = text_kind::words;
    return;
  }
  echo_ = user_message;
  // The echo's length is the message's own; an answer of no tokens at all stays one.
  std::size_t letters = 0;
  for (const char letter : echo_)
    letters += (static_cast<unsigned char>(letter) & 0xC0U) != 0x80U ? 1 : 0;
  if (tokens_ > 0) tokens_ = static_cast<std::uint32_t>((letters + size_ - 1) / size_);
}

// splitmix64 (Steele, Lea, Flood 2014).
std::uint64_t answer_text::draw() {
  std::uint64_t value = state_ += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31U);
}

std::string_view answer_text::next() {
  token_.clear();
  ++given_;
  switch (kind_) {
    case text_kind::words:
      append_word();
      break;
    case text_kind::unicode:
      for (std::uint32_t i = 0; i < size_; ++i)
        append_character();
      break;
    case text_kind::echo:
      take_echo();
      break;
  }
  return token_;
}

std::string answer_text::rest() {
  std::string all;
  while (!ended())
    all += next();
  return all;
}

void answer_text::append_word() {
  token_ += ' ';
  std::uint64_t random = 0;
  for (std::uint32_t i = 1; i < size_; ++i) {
    if (i % 8 == 1) random = draw();
    token_ += static_cast<char>('a' + (random & 0xFFU) % 26);
    random >>= 8U;
  }
}

void answer_text::append_character() {
  token_ += characters[draw() % characters.size()];
}

void answer_text::take_echo() {
  const std::size_t begin = echo_position_;
  std::uint32_t letters = 0;
  for (; echo_position_ < echo_.size(); ++echo_position_) {
    const bool starts = (static_cast<unsigned char>(echo_[echo_position_]) & 0xC0U) != 0x80U;
    if (starts && ++letters > size_) break;
  }
  token_.assign(echo_, begin, echo_position_ - begin);
}

namespace {

void append_utf16(std::string& to, std::uint32_t unit) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "\\u%04x", unit);
  to += text.data();
}

// The code point at `position`, which is moved past it. What is no UTF-8 gives some code point or other.
std::uint32_t take_code_point(std::string_view text, std::size_t& position) {
  const auto lead = static_cast<unsigned char>(text[position]);
  const std::size_t length = std::min<std::size_t>(lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4, text.size() - position);
  std::uint32_t point = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i)
    point = point << 6U | (static_cast<unsigned char>(text[position + i]) & 0x3FU);
  position += length;
  return point;
}

void append_escaped_letter(std::string& to, char letter) {
  switch (letter) {
    case '"':
      to += "\\\"";
      break;
    case '\\':
      to += "\\\\";
      break;
    case '\n':
      to += "\\n";
      break;
    case '\t':
      to += "\\t";
      break;
    default:
      append_utf16(to, static_cast<unsigned char>(letter));
  }
}

}  // namespace

void append_json_escaped(std::string& to, std::string_view text, bool ascii) {
  for (std::size_t position = 0; position < text.size();) {
    const auto letter = static_cast<unsigned char>(text[position]);
    if (letter < 0x20 || letter == '"' || letter == '\\') {
      append_escaped_letter(to, text[position++]);
    } else if (letter < 0x80 || !ascii) {
      to += text[position++];
    } else {
      const std::uint32_t point = take_code_point(text, position);
      if (point >= 0x10000) append_utf16(to, 0xD800U + ((point - 0x10000) >> 10U));
      append_utf16(to, point >= 0x10000 ? 0xDC00U + ((point - 0x10000) & 0x3FFU) : point);
    }
  }
}

}  // namespace sluice::bench
