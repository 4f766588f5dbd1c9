#include "config/scalars.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/quantities.hpp"
#include "config/schema.hpp"

namespace sluice::config {
namespace {

constexpr std::size_t shown_bytes_max = 64;

std::string_view name_of(value::shape shape) {
  switch (shape) {
    case value::shape::null:
      return "nothing";
    case value::shape::scalar:
      return "a single value";
    case value::shape::list:
      return "a list";
    case value::shape::map:
      return "a map";
  }
  return "nothing";
}

std::string found(const value& from) {
  if (from.is != value::shape::scalar) return std::string(name_of(from.is));
  return fmt::format("\"{}\"", from.text.substr(0, shown_bytes_max));
}

void add_mismatch(const description& what, const value& from, const std::string& path, problems& wrong) {
  wrong.push_back({from.at, fmt::format("{}: expected {}, found {}", path, what.expected, found(from))});
}

// The text of a scalar; a secret's must not come out again.
const std::string* scalar_text(const description& what, const value& from, const std::string& path, problems& wrong) {
  if (from.is == value::shape::scalar) return &from.text;
  add_mismatch(what, from, path, wrong);
  return nullptr;
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T number{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "unknown key …" with the one that may have been meant, or all there are if they are few.
std::string unknown(std::string_view sort, std::string_view typed, const std::vector<std::string_view>& names) {
  std::string message = fmt::format("unknown {} \"{}\"", sort, typed.substr(0, shown_bytes_max));
  if (const auto meant = nearest(typed, names); !meant.empty()) {
    message += fmt::format(", did you mean \"{}\"?", meant);
  } else if (!names.empty()) {
    message += fmt::format("; known are \"{}\"", fmt::join(names, "\", \""));
  }
  return message;
}

std::vector<std::string_view> names_of(const std::vector<key_description>& keys) {
  std::vector<std::string_view> names;
  for (const key_description& each : keys)
    names.push_back(each.name);
  return names;
}

bool is_among(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string not_yet(std::string_view sort, std::string_view name) {
  return fmt::format("the {} \"{}\" is not supported by this version", sort, name);
}

}  // namespace

std::string join(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

description_ptr describe_integer(std::int64_t least, std::int64_t most) {
  return std::make_shared<description>(description{.is = kind::integer,
                                                   .expected = fmt::format("an integer from {} to {}", least, most),
                                                   .least = static_cast<double>(least),
                                                   .most = static_cast<double>(most)});
}

description_ptr describe_size(std::uint64_t least, std::uint64_t most) {
  return std::make_shared<description>(
      description{.is = kind::size,
                  .expected = fmt::format("a size from {} to {}", format_size(least), format_size(most)),
                  .least = static_cast<double>(least),
                  .most = static_cast<double>(most)});
}

description_ptr describe_choice(std::vector<std::string> names, std::vector<std::string> unsupported) {
  std::string expected = fmt::format("one of {}", fmt::join(names, ", "));
  return std::make_shared<description>(description{.is = kind::choice,
                                                   .expected = std::move(expected),
                                                   .choices = std::move(names),
                                                   .unsupported = std::move(unsupported)});
}

std::optional<std::int64_t> read_integer(const description& what, const value& from, const std::string& path,
                                         problems& wrong) {
  const std::string* text = scalar_text(what, from, path, wrong);
  if (!text) return std::nullopt;
  const auto number = parse_number<std::int64_t>(*text);
  const auto real = static_cast<double>(number.value_or(0));
  if (number && real >= what.least.value_or(real) && real <= what.most.value_or(real)) return number;
  add_mismatch(what, from, path, wrong);
  return std::nullopt;
}

std::optional<std::uint64_t> read_size(const description& what, const value& from, const std::string& path,
                                       problems& wrong) {
  const std::string* text = scalar_text(what, from, path, wrong);
  if (!text) return std::nullopt;
  const auto bytes = parse_size(*text);
  const auto real = static_cast<double>(bytes.value_or(0));
  if (bytes && real >= what.least.value_or(real) && real <= what.most.value_or(real)) return *bytes;
  add_mismatch(what, from, path, wrong);
  return std::nullopt;
}

std::optional<std::size_t> read_choice(const description& what, const value& from, const std::string& path,
                                       problems& wrong) {
  const std::string* text = scalar_text(what, from, path, wrong);
  if (!text) return std::nullopt;
  const auto at = std::ranges::find(what.choices, *text);
  if (at != what.choices.end()) return static_cast<std::size_t>(at - what.choices.begin());
  if (is_among(what.unsupported, *text)) {
    wrong.push_back({from.at, fmt::format("{}: {}", path, not_yet("value", *text))});
  } else {
    add_mismatch(what, from, path, wrong);
  }
  return std::nullopt;
}

bool has_shape(const description& what, const value& from, value::shape shape, const std::string& path,
               problems& wrong) {
  if (from.is == shape) return true;
  wrong.push_back(
      {from.at, fmt::format("{}expected {}, found {}", path.empty() ? "" : path + ": ", what.expected, found(from))});
  return false;
}

bool has_known_keys(const description& what, const value& from, const std::string& path, problems& wrong) {
  if (!has_shape(what, from, value::shape::map, path, wrong)) return false;
  for (const member& each : from.members) {
    if (find_key(what, each.key)) continue;
    if (is_among(what.unsupported, each.key)) {
      wrong.push_back({each.at, not_yet("key", join(path, each.key))});
    } else {
      wrong.push_back({each.at, unknown("key", each.key, names_of(what.keys))});
    }
  }
  for (const key_description& each : what.keys) {
    if (!each.required) continue;
    const value* given = from.find(each.name);
    if (!given || given->is == value::shape::null)
      wrong.push_back({from.at, fmt::format("{}: the key \"{}\" is missing ({})", path, each.name, each.about)});
  }
  return true;
}

std::optional<std::size_t> read_tag(const description& what, const value& from, const std::string& path,
                                    problems& wrong) {
  if (!has_shape(what, from, value::shape::map, path, wrong)) return std::nullopt;
  std::vector<std::string_view> names;
  for (const auto& [name, ignored] : what.alternatives)
    names.push_back(name);
  const value* tag = from.find(what.tag);
  if (!tag || tag->is != value::shape::scalar) {
    wrong.push_back({tag ? tag->at : from.at, fmt::format("{}: the key \"{}\" is missing; it is one of {}", path,
                                                          what.tag, fmt::join(names, ", "))});
    return std::nullopt;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == tag->text) return i;
  }
  wrong.push_back(
      {tag->at, fmt::format("{}: {}", join(path, what.tag),
                            is_among(what.unsupported, tag->text)
                                ? fmt::format("{}; it has {}", not_yet("value", tag->text), fmt::join(names, ", "))
                                : unknown("value", tag->text, names))});
  return std::nullopt;
}

value show_size(std::uint64_t bytes) {
  return value::scalar(format_size(bytes));
}

value without(const value& map, std::string_view key) {
  value rest = map;
  std::erase_if(rest.members, [&](const member& each) { return each.key == key; });
  return rest;
}

value with_tag(const description& what, std::size_t alternative, value shown) {
  value tagged = value::map();
  tagged.add(what.tag, value::scalar(what.alternatives[alternative].first, true));
  lay_over(tagged, std::move(shown));
  return tagged;
}

type<std::string> text() {
  auto what = std::make_shared<const description>(description{.is = kind::text, .expected = "text"});
  return {what,
          [what](const value& from, std::string& into, const std::string& path, problems& wrong) {
            if (const std::string* said = scalar_text(*what, from, path, wrong)) into = *said;
          },
          [](const std::string& from) { return value::scalar(from, true); }};
}

type<std::string> text(text_rule rule) {
  auto what =
      std::make_shared<const description>(description{.is = kind::text, .expected = std::string(rule.expected)});
  return {what,
          [what, rule](const value& from, std::string& into, const std::string& path, problems& wrong) {
            const std::string* said = scalar_text(*what, from, path, wrong);
            if (!said) return;
            if (rule.holds(*said)) {
              into = *said;
            } else {
              add_mismatch(*what, from, path, wrong);
            }
          },
          [](const std::string& from) { return value::scalar(from, true); }};
}

type<bool> boolean() {
  auto what = std::make_shared<const description>(description{.is = kind::boolean, .expected = "true or false"});
  return {what,
          [what](const value& from, bool& into, const std::string& path, problems& wrong) {
            const std::string* said = scalar_text(*what, from, path, wrong);
            if (!said) return;
            if (*said == "true" || *said == "false") {
              into = *said == "true";
            } else {
              add_mismatch(*what, from, path, wrong);
            }
          },
          [](const bool& from) { return value::scalar(from ? "true" : "false"); }};
}

type<double> number(double least, double most) {
  auto what =
      std::make_shared<const description>(description{.is = kind::number,
                                                      .expected = fmt::format("a number from {} to {}", least, most),
                                                      .least = least,
                                                      .most = most});
  return {what,
          [what](const value& from, double& into, const std::string& path, problems& wrong) {
            const std::string* said = scalar_text(*what, from, path, wrong);
            if (!said) return;
            const auto read = parse_number<double>(*said);
            if (read && *read >= *what->least && *read <= *what->most) {  // not for NaN
              into = *read;
            } else {
              add_mismatch(*what, from, path, wrong);
            }
          },
          [](const double& from) { return value::scalar(fmt::format("{}", from)); }};
}

type<std::chrono::milliseconds> duration(std::chrono::milliseconds least, std::chrono::milliseconds most) {
  auto what = std::make_shared<const description>(
      description{.is = kind::duration,
                  .expected = fmt::format("a duration from {} to {}, such as 250ms, 30s or 5m", format_duration(least),
                                          format_duration(most)),
                  .least = static_cast<double>(least.count()),
                  .most = static_cast<double>(most.count())});
  return {what,
          [what, least, most](const value& from, std::chrono::milliseconds& into, const std::string& path,
                              problems& wrong) {
            const std::string* said = scalar_text(*what, from, path, wrong);
            if (!said) return;
            const auto read = parse_duration(*said);
            if (read && *read >= least && *read <= most) {
              into = *read;
            } else {
              add_mismatch(*what, from, path, wrong);
            }
          },
          [](const std::chrono::milliseconds& from) { return value::scalar(format_duration(from), true); }};
}

type<secret_string> secret() {
  auto what = std::make_shared<const description>(description{.is = kind::secret, .expected = "a secret"});
  return {what,
          [what](const value& from, secret_string& into, const std::string& path, problems& wrong) {
            if (const std::string* said = scalar_text(*what, from, path, wrong)) into = secret_string(*said);
          },
          [](const secret_string& from) { return value::scalar(from.empty() ? "" : "********", true); }};
}

}  // namespace sluice::config
