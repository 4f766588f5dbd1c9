#include "config/load.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include <fmt/format.h>

#include "config/document.hpp"

namespace sluice::config {
namespace {

constexpr std::string_view parting = "__";

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

std::vector<std::string> split(std::string_view text, std::string_view at) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + at.size());
  }
}

// All keys that may follow in a structure or in any alternative of a variant.
std::vector<const key_description*> keys_of(const description& what) {
  std::vector<const key_description*> keys;
  for (const key_description& each : what.keys)
    keys.push_back(&each);
  for (const auto& [ignored, alternative] : what.alternatives) {
    for (const key_description& each : alternative->keys)
      keys.push_back(&each);
  }
  return keys;
}

struct walk {
  const description* ends = nullptr;  // what the path leads to; null: nothing of ours
  bool planned = false;               // it is one that this version does not have
  std::string meant = {};             // the whole path that may have been meant, or nothing
};

// Follows `steps` down from `what`.
walk follow(const description& from, std::vector<std::string> steps) {
  static const description word{.is = kind::text, .expected = "text"};  // the tag of a variant
  const description* what = &from;
  for (std::string& step : steps) {
    if (what->is == kind::map) {
      what = what->element.get();
      continue;
    }
    if (what->is == kind::variant && step == what->tag) {
      what = &word;
      continue;
    }
    const auto keys = keys_of(*what);
    const auto found =
        std::ranges::find(keys, step, [](const key_description* key) { return std::string_view(key->name); });
    if (found != keys.end()) {
      what = (*found)->type.get();
      continue;
    }
    if (std::ranges::find(what->unsupported, step) != what->unsupported.end()) return {.planned = true};
    std::vector<std::string_view> names;
    for (const key_description* key : keys)
      names.push_back(key->name);
    const std::string_view near = nearest(step, names);
    if (near.empty()) return {};
    step = near;
    return {.meant = fmt::format("{}", fmt::join(steps, parting))};
  }
  return {.ends = what};
}

bool is_inline_yaml(kind of) {
  return of == kind::list || of == kind::map || of == kind::structure || of == kind::variant;
}

// `text` at the place that `steps` lead to, as a document of its own.
void lay_text_over(value& file, const std::vector<std::string>& steps, const std::string& text, const origin& at,
                   const description& what, problems& wrong) {
  value leaf = value::scalar(text, true);
  if (is_inline_yaml(what.is)) {
    auto parsed = parse_inline(text, at);
    if (!parsed) {
      std::ranges::move(parsed.error(), std::back_inserter(wrong));
      return;
    }
    leaf = std::move(*parsed);
  }
  leaf.at = at;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    value around = value::map();
    around.at = at;
    around.add(*step, std::move(leaf));
    leaf = std::move(around);
  }
  lay_over(file, std::move(leaf));
}

void apply_variable(value& file, const std::string& name, const std::string& text, const overrides& over,
                    const description& what, problems& wrong) {
  const std::string_view rest = std::string_view(name).substr(over.prefix.size());
  const std::vector<std::string> steps = split(lower(rest), parting);
  const origin at{.from = source::environment, .name = name};
  const walk to = follow(what, steps);
  if (to.ends) {
    lay_text_over(file, steps, text, at, *to.ends, wrong);
  } else if (steps.size() > 1 && to.planned) {
    wrong.push_back({at, "sets a key that is not supported by this version"});
  } else if (!to.meant.empty()) {
    wrong.push_back({at, fmt::format("sets no key, did you mean \"{}{}\"?", over.prefix, upper(to.meant))});
  } else if (steps.size() > 1) {
    wrong.push_back({at, "sets no key; the command \"config env\" lists the variables that do"});
  }
}

// Variables of keys, the prefix left out: "SERVER__LISTEN".
void append_variables(const description& what, const std::string& before, std::vector<std::string>& names) {
  for (const key_description& each : what.keys) {
    const std::string name = before + upper(each.name);
    names.push_back(name);
    append_variables(*each.type, name + std::string(parting), names);
  }
}

// The one that SERVER_LISTEN or LISTEN may stand for; empty: none.
std::string meant_by(std::string_view rest, const description& what) {
  std::vector<std::string> names;
  append_variables(what, {}, names);
  const std::string ending = std::string(parting) + std::string(rest);
  for (const std::string& name : names) {
    if (name.ends_with(ending) || fmt::format("{}", fmt::join(split(name, parting), "_")) == rest) return name;
  }
  return {};
}

// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
bool is_service_link(std::string_view rest) {
  return rest == "SERVICE_HOST" || rest == "PORT" || rest.ends_with("_SERVICE_HOST") || rest.ends_with("_PORT") ||
         rest.contains("SERVICE_PORT") || rest.starts_with("PORT_") || rest.contains("_PORT_");
}

}  // namespace

problems idle_variables(const overrides& over, const description& what) {
  problems idle;
  for (auto each = over.variables.lower_bound(over.prefix);
       each != over.variables.end() && each->first.starts_with(over.prefix); ++each) {
    const std::string_view rest = std::string_view(each->first).substr(over.prefix.size());
    if (rest.contains(parting) || is_service_link(rest) || follow(what, {lower(rest)}).ends != nullptr) continue;
    if (std::ranges::find(over.others, each->first) != over.others.end()) continue;
    const std::string meant = meant_by(rest, what);
    idle.push_back({{.from = source::environment, .name = each->first},
                    meant.empty() ? "sets no key; the command \"config env\" lists the variables that do"
                                  : fmt::format("sets no key, did you mean \"{}{}\"?", over.prefix, meant)});
  }
  return idle;
}

void apply(value& file, const overrides& over, const description& what, problems& wrong) {
  if (file.is == value::shape::null) {
    const origin at = file.at;
    file = value::map();
    file.at = at;
  }
  for (auto each = over.variables.lower_bound(over.prefix);
       each != over.variables.end() && each->first.starts_with(over.prefix); ++each) {
    if (std::ranges::find(over.others, each->first) == over.others.end())
      apply_variable(file, each->first, each->second, over, what, wrong);
  }
  for (const flag_override& each : over.flags) {
    const std::vector<std::string> steps = split(each.path, ".");
    const origin at{.from = source::flag, .name = each.flag};
    const walk to = follow(what, steps);
    if (to.ends) {
      lay_text_over(file, steps, each.text, at, *to.ends, wrong);
    } else {
      wrong.push_back({at, "sets a key that is not supported by this version"});
    }
  }
}

void sort(problems& wrong) {
  std::ranges::sort(wrong, {}, [](const problem& each) {
    return std::tie(each.at.line, each.at.column, each.at.name, each.message);
  });
}

}  // namespace sluice::config
