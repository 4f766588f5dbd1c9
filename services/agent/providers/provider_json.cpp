#include "agent/providers/provider_json.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace sluice::agent {
namespace {

using simdjson::ondemand::document;
using simdjson::ondemand::field;
using simdjson::ondemand::value;

// Above this the parser's tables (about six times the text) are not worth keeping.
constexpr std::size_t kept_document_bytes = 64 << 10;

constexpr std::string_view replacement = "\xEF\xBF\xBD";

void append_utf8(std::string& out, char32_t c) {
  const auto tail = [&out](char32_t bits) { out.push_back(static_cast<char>(0x80 | (bits & 0x3F))); };
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (c >> 6)));
    tail(c);
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (c >> 12)));
    tail(c >> 6);
    tail(c);
  } else {
    out.push_back(static_cast<char>(0xF0 | (c >> 18)));
    tail(c >> 12);
    tail(c >> 6);
    tail(c);
  }
}

// The code unit that four hexadecimal digits name, or -1.
std::int32_t code_unit(std::string_view digits) {
  if (digits.size() < 4) return -1;
  std::int32_t unit = 0;
  for (const char c : digits.substr(0, 4)) {
    const char lower = static_cast<char>(c | 0x20);
    const std::int32_t digit = c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

// A code unit of a \u escape, with whatever half a pair stood open before it.
void append_code_unit(std::string& out, char16_t unit, char16_t& half) {
  const bool leading = unit >= 0xD800 && unit < 0xDC00;
  const bool trailing = unit >= 0xDC00 && unit < 0xE000;
  if (half != 0 && trailing) {
    append_utf8(out, 0x10000 + ((static_cast<char32_t>(half) - 0xD800) << 10) + (unit - 0xDC00));
    half = 0;
    return;
  }
  if (half != 0) out.append(replacement);
  half = leading ? unit : u'\0';
  if (trailing) {
    out.append(replacement);
  } else if (!leading) {
    append_utf8(out, unit);
  }
}

// The first quote from `at` on, where there is one, with padding behind it. Names are read for every field of every
// token, and a loop over bytes mispredicts its end each time: eight at once, as in `base/json_text.cpp`.
const char* find_quote(const char* at) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::uint64_t ones = 0x0101010101010101ULL;
  for (;; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    word ^= ones * '"';
    const std::uint64_t zeros = (word - ones) & ~word & (ones * 0x80);
    if (zeros != 0) return at + std::countr_zero(zeros) / 8;  // the lowest one is exact
  }
}

char simple_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

}  // namespace

simdjson::simdjson_result<document> json_scratch::read(std::string_view text) {
  const simdjson::padded_string_view padded(text, text.size() + simdjson::SIMDJSON_PADDING);
  if (large_parser_.capacity() != 0) large_parser_ = simdjson::ondemand::parser();
  return text.size() > kept_document_bytes ? large_parser_.iterate(padded) : parser_.iterate(padded);
}

json_kind kind_of(value& value) {
  const std::string_view token = value.raw_json_token();
  switch (token.empty() ? '\0' : token.front()) {
    case '"':
      return json_kind::string;
    case '{':
      return json_kind::object;
    case '[':
      return json_kind::array;
    case 't':
    case 'f':
      return json_kind::boolean;
    case 'n':
      return token.starts_with("null") ? json_kind::null : json_kind::broken;
    case '-':
      return json_kind::number;
    default:
      return !token.empty() && token.front() >= '0' && token.front() <= '9' ? json_kind::number : json_kind::broken;
  }
}

bool raw_string(value& value, std::string_view& inside) {
  std::string_view token = value.raw_json_token();
  if (token.empty() || token.front() != '"') return false;
  // The token reaches to the next one: white space may follow the quote.
  const std::size_t quote = token.find_last_not_of(" \t\r\n");
  if (quote == 0 || token[quote] != '"') return false;
  inside = token.substr(1, quote - 1);
  return true;
}

std::string_view raw_name(field& field) {
  const char* const begin = field.key().raw();
  const char* end = find_quote(begin);
  if (end[-1] == '\\') {  // perhaps not the end: step over escapes
    for (end = begin; *end != '"';)
      end += *end == '\\' ? 2 : 1;
  }
  return {begin, static_cast<std::size_t>(end - begin)};
}

bool append_unescaped(std::string& out, std::string_view inside, char16_t& half) {
  while (!inside.empty()) {
    const std::size_t plain = std::min(inside.find('\\'), inside.size());
    if (plain != 0) {
      if (half != 0) out.append(replacement);
      half = 0;
      out.append(inside.substr(0, plain));
      inside.remove_prefix(plain);
      continue;
    }
    if (inside.size() < 2) return false;
    if (inside[1] == 'u') {
      const std::int32_t unit = code_unit(inside.substr(2));
      if (unit < 0) return false;
      append_code_unit(out, static_cast<char16_t>(unit), half);
      inside.remove_prefix(6);
      continue;
    }
    const char c = simple_escape(inside[1]);
    if (c == '\0') return false;
    if (half != 0) out.append(replacement);
    half = 0;
    out.push_back(c);
    inside.remove_prefix(2);
  }
  return true;
}

std::string unescaped(std::string_view inside) {
  std::string text;
  char16_t half = 0;
  if (!append_unescaped(text, inside, half)) return {};
  if (half != 0) text.append(replacement);
  return text;
}

bool raw_json(value& value, std::string& text) {
  std::string_view raw;
  switch (kind_of(value)) {
    case json_kind::object: {
      simdjson::ondemand::object object;
      if (value.get_object().get(object) || object.raw_json().get(raw)) return false;
      break;
    }
    case json_kind::array: {
      simdjson::ondemand::array array;
      if (value.get_array().get(array) || array.raw_json().get(raw)) return false;
      break;
    }
    case json_kind::broken:
      return false;
    default:
      raw = value.raw_json_token();
  }
  // On-Demand only counts brackets in what it passes over. This is the rare path, so look at all of it.
  simdjson::dom::parser checker;
  if (checker.parse(raw.data(), raw.size(), true).error()) return false;
  text.resize(raw.size());
  std::size_t bytes = 0;
  if (simdjson::minify(raw.data(), raw.size(), text.data(), bytes)) return false;
  text.resize(bytes);
  return true;
}

std::optional<std::int64_t> count_of(value& value) {
  constexpr std::int64_t count_max = 1'000'000'000'000;
  std::int64_t count = 0;
  if (value.get_int64().get(count) || count < 0 || count > count_max) return std::nullopt;
  return count;
}

bool read_index(simdjson::ondemand::object& object, std::int64_t& into) {
  value found;
  const auto missing = object.find_field_unordered("index").get(found);
  if (missing && missing != simdjson::NO_SUCH_FIELD) return false;
  if (!missing && kind_of(found) != json_kind::null && found.get_int64().get(into)) return false;
  return into >= 0 && !object.reset().error();
}

}  // namespace sluice::agent
