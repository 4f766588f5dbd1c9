#include "http/header_fields.hpp"

#include <algorithm>

namespace sluice::http {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

void append_safe(std::string& out, std::string_view text) {
  const std::size_t from = out.size();
  out += text;
  std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(from), out.end(), is_control, ' ');
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

bool equal_without_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] != right[i] && lower(left[i]) != lower(right[i])) return false;
  }
  return true;
}

header_fields::header_fields(std::initializer_list<field> fields) {
  for (const field& one : fields)
    add(one.name, one.value);
}

void header_fields::add(std::string_view name, std::string_view value) {
  places_.push_back({.at = static_cast<std::uint32_t>(characters_.size()),
                     .name_size = static_cast<std::uint32_t>(name.size()),
                     .value_size = static_cast<std::uint32_t>(value.size())});
  characters_ += name;
  characters_ += value;
}

void header_fields::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void header_fields::remove(std::string_view name) {
  std::erase_if(places_, [&](const place& one) {
    return equal_without_case(std::string_view(characters_).substr(one.at, one.name_size), name);
  });
}

void header_fields::clear() {
  characters_.clear();
  places_.clear();
}

bool header_fields::has(std::string_view name) const {
  for (std::size_t i = 0; i < size(); ++i) {
    if (equal_without_case((*this)[i].name, name)) return true;
  }
  return false;
}

std::string_view header_fields::get(std::string_view name) const {
  for (std::size_t i = 0; i < size(); ++i) {
    if (equal_without_case((*this)[i].name, name)) return (*this)[i].value;
  }
  return {};
}

std::string header_fields::joined(std::string_view name) const {
  std::string all;
  for (std::size_t i = 0; i < size(); ++i) {
    const field one = (*this)[i];
    if (!equal_without_case(one.name, name)) continue;
    if (!all.empty()) all += ", ";
    all += one.value;
  }
  return all;
}

bool header_fields::lists(std::string_view name, std::string_view token) const {
  for (std::size_t i = 0; i < size(); ++i) {
    const field one = (*this)[i];
    if (!equal_without_case(one.name, name)) continue;
    for (std::string_view rest = one.value; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (equal_without_case(trim(rest.substr(0, comma)), token)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

header_fields::field header_fields::operator[](std::size_t index) const {
  const place& one = places_[index];
  const std::string_view all(characters_);
  return {.name = all.substr(one.at, one.name_size), .value = all.substr(one.at + one.name_size, one.value_size)};
}

void header_fields::append_to(std::string& out) const {
  for (std::size_t i = 0; i < size(); ++i)
    append_field(out, (*this)[i].name, (*this)[i].value);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  append_safe(out, name);
  out += ": ";
  append_safe(out, value);
  out += "\r\n";
}

}  // namespace sluice::http
