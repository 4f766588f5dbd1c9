#include "http/router.hpp"

#include <algorithm>
#include <stdexcept>

namespace sluice::http {
namespace {

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{');
}

// "/v1/models" → {"v1", "models"}; the path begins with '/'.
std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

void check(const route& entry, const std::vector<std::string>& segments) {
  const auto broken = [&](const char* why) { throw std::logic_error("route \"" + entry.pattern + "\": " + why); };
  if (!entry.pattern.starts_with('/')) broken("does not begin with '/'");
  if (entry.method.empty() || !entry.handle) broken("has no method or no handler");
  for (const std::string& one : segments) {
    const bool braces = one.find_first_of("{}") != std::string::npos;
    const bool whole = one.size() > 2 && one.front() == '{' && one.find_first_of("{}", 1) == one.size() - 1;
    if (braces && (!whole || one.back() != '}')) broken("a parameter is a whole segment, \"{name}\"");
  }
}

// Compares the path with the pattern and, if it fits, fills in the parameters.
bool fits(const std::vector<std::string>& pattern, std::string_view raw_path, request& asked) {
  asked.parameters.clear();
  std::string decoded;
  for (const std::string& expected : pattern) {
    if (!raw_path.starts_with('/')) return false;
    raw_path.remove_prefix(1);
    const std::size_t end = std::min(raw_path.find('/'), raw_path.size());
    if (!percent_decode(raw_path.substr(0, end), decoded)) return false;
    raw_path.remove_prefix(end);
    if (is_parameter(expected)) {
      if (decoded.empty()) return false;
      asked.parameters.emplace_back(expected.substr(1, expected.size() - 2), decoded);
    } else if (decoded != expected) {
      return false;
    }
  }
  return raw_path.empty();
}

void allow(std::string& list, std::string_view method) {
  if (!list.empty()) list += ", ";
  list += method;
}

}  // namespace

router::router(std::vector<route> routes) {
  for (route& entry : routes) {
    auto segments = split(entry.pattern);
    check(entry, segments);
    for (const row& other : table_) {
      const auto same = [](std::string_view a, std::string_view b) {
        return a == b || (is_parameter(a) && is_parameter(b));
      };
      if (other.entry.method == entry.method && std::ranges::equal(other.segments, segments, same))
        throw std::logic_error("route \"" + entry.method + " " + entry.pattern + "\" is there twice");
    }
    if (std::ranges::any_of(segments, is_parameter)) {
      with_parameters_.push_back(table_.size());
    } else {
      written_out_[entry.pattern].push_back(table_.size());
    }
    table_.push_back({.entry = std::move(entry), .segments = std::move(segments)});
  }
}

router::verdict router::match(request& asked) const {
  asked.parameters.clear();
  asked.route = {};
  const std::string_view raw_path = path_of_target(asked.target);
  // An escaped slash belongs to its segment, so it cannot make a path that is written out.
  const bool same_segments = std::ranges::count(raw_path, '/') == std::ranges::count(asked.path, '/');
  const auto exact = same_segments ? written_out_.find(std::string_view(asked.path)) : written_out_.end();
  verdict refusal;
  if (exact != written_out_.end()) {
    refusal = choose(exact->second, asked, raw_path);
    if (refusal.handle != nullptr) return refusal;
  }
  const verdict other = choose(with_parameters_, asked, raw_path);
  if (other.handle != nullptr || refusal.status == 404) return other;
  return refusal;
}

router::verdict router::choose(const row_numbers& candidates, request& asked, std::string_view raw_path) const {
  const row* get = nullptr;
  std::string allowed;
  for (const std::size_t number : candidates) {
    const row& one = table_[number];
    if (&candidates == &with_parameters_ && !fits(one.segments, raw_path, asked)) continue;
    if (one.entry.method == asked.method || (one.entry.method == "GET" && asked.method == "HEAD" && get == nullptr)) {
      get = &one;
      if (one.entry.method == asked.method) break;
    }
    allow(allowed, one.entry.method);
    if (one.entry.method == "GET") allow(allowed, "HEAD");
  }
  if (get == nullptr && allowed.empty()) return {};
  if (get == nullptr) {
    allow(allowed, "OPTIONS");
    return {.handle = nullptr, .status = asked.method == "OPTIONS" ? 204U : 405U, .allow = std::move(allowed)};
  }
  asked.route = get->entry.pattern;
  // Another row may have been tried after the one that was chosen.
  if (&candidates == &with_parameters_) fits(get->segments, raw_path, asked);
  return {.handle = &get->entry.handle, .status = 200, .allow = {}};
}

}  // namespace sluice::http
