#include "config/value.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace sluice::config {
namespace {

// One step of a path: a key, or an index in brackets.
struct step {
  std::string_view key;
  std::size_t index = 0;
  bool is_index = false;
};

// Takes the first step off `path`, which is not empty.
step take_step(std::string_view& path) {
  if (path.front() == '[') {
    const std::size_t end = std::min(path.find(']'), path.size() - 1);
    step taken{.is_index = true};
    std::from_chars(path.data() + 1, path.data() + end, taken.index);
    path.remove_prefix(end + 1);
    if (path.starts_with('.')) path.remove_prefix(1);
    return taken;
  }
  const std::size_t end = std::min(path.find_first_of(".["), path.size());
  const step taken{.key = path.substr(0, end)};
  path.remove_prefix(end);
  if (path.starts_with('.')) path.remove_prefix(1);
  return taken;
}

const value* follow(const value& from, const step& by) {
  if (!by.is_index) return from.find(by.key);
  return by.index < from.items.size() ? &from.items[by.index] : nullptr;
}

}  // namespace

std::string to_string(const origin& at) {
  if (at.from == source::standard) return "default";
  return at.line == 0 ? at.name : fmt::format("{}:{}:{}", at.name, at.line, at.column);
}

std::string to_string(const problem& wrong) {
  if (wrong.at.from == source::standard && wrong.at.name.empty()) return wrong.message;
  return fmt::format("{}: {}", to_string(wrong.at), wrong.message);
}

value value::scalar(std::string text, bool quoted) {
  value made;
  made.is = shape::scalar;
  made.text = std::move(text);
  made.quoted = quoted;
  return made;
}

value value::list() {
  value made;
  made.is = shape::list;
  return made;
}

value value::map() {
  value made;
  made.is = shape::map;
  return made;
}

value& value::add(std::string key, value holds) {
  const origin key_at = holds.at;
  members.push_back({std::move(key), key_at, std::move(holds)});
  return members.back().holds;
}

const value* value::find(std::string_view key) const {
  for (const member& each : members) {
    if (each.key == key) return &each.holds;
  }
  return nullptr;
}

value* value::find(std::string_view key) {
  return const_cast<value*>(std::as_const(*this).find(key));
}

void lay_over(value& base, value over) {
  if (base.is != value::shape::map || over.is != value::shape::map) {
    base = std::move(over);
    return;
  }
  for (member& each : over.members) {
    if (value* below = base.find(each.key)) {
      lay_over(*below, std::move(each.holds));
    } else {
      base.members.push_back(std::move(each));
    }
  }
}

const value* locate(const value& root, std::string_view path) {
  const value* at = &root;
  while (at && !path.empty())
    at = follow(*at, take_step(path));
  return at;
}

origin origin_of(const value& root, std::string_view path) {
  const value* at = &root;
  while (!path.empty()) {
    const value* next = follow(*at, take_step(path));
    if (!next) break;
    at = next;
  }
  return at->at;
}

}  // namespace sluice::config
