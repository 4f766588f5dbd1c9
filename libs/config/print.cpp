#include "config/print.hpp"

#include <algorithm>

#include "base/json_text.hpp"

namespace sluice::config {
namespace {

constexpr std::size_t indent_width = 2;

bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto digits = [](std::string_view of) {
    return !of.empty() && std::ranges::all_of(of, [](char c) { return c >= '0' && c <= '9'; });
  };
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return digits(text) && (text.size() == 1 || text.front() != '0');
  return digits(text.substr(0, dot)) && digits(text.substr(dot + 1));
}

// Whether the text may stand in YAML without quotes and is read back as text, or as what it is.
bool is_plain(const value& scalar) {
  const std::string& text = scalar.text;
  if (!scalar.quoted && (is_number(text) || text == "true" || text == "false")) return true;
  constexpr std::string_view words[] = {"true", "false", "null", "yes", "no", "on", "off", "~"};
  if (text.empty() || std::ranges::find(words, text) != std::end(words)) return false;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_inner = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/' || c == '-';
  };
  const bool begins = is_letter(text.front()) || text.front() == '/' || text.front() == '.';
  const bool duration = !begins && text.front() >= '1' && text.front() <= '9' && is_letter(text.back());
  return (begins || duration) && std::ranges::all_of(text, is_inner);
}

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string scalar_yaml(const value& shown) {
  if (shown.is == value::shape::null) return "~";
  if (is_plain(shown)) return shown.text;
  std::string out = quoted(shown.text);
  for (std::size_t at = 0; (at = out.find("${", at)) != std::string::npos; at += 3)
    out.insert(at, 1, '$');
  return out;
}

// In keys nothing is replaced, so there is nothing to escape.
std::string key_yaml(const std::string& key) {
  return is_plain(value::scalar(key, true)) ? key : quoted(key);
}

// A value that fits behind its key.
bool is_short(const value& shown) {
  return shown.items.empty() && shown.members.empty();
}

void append_yaml(std::string& out, const value& shown, std::size_t depth, bool origins, bool continues_line);

void append_yaml_end(std::string& out, const value& shown, bool origins) {
  if (shown.is == value::shape::list) {
    out += "[]";
  } else if (shown.is == value::shape::map) {
    out += "{}";
  } else {
    out += scalar_yaml(shown);
  }
  if (origins) out += "  # " + to_string(shown.at);
  out += '\n';
}

void append_yaml_members(std::string& out, const value& shown, std::size_t depth, bool origins, bool continues_line) {
  for (const member& each : shown.members) {
    if (!continues_line) out.append(depth * indent_width, ' ');
    continues_line = false;
    out += key_yaml(each.key) + ":";
    if (is_short(each.holds)) {
      out += ' ';
      append_yaml_end(out, each.holds, origins);
    } else {
      out += '\n';
      append_yaml(out, each.holds, depth + 1, origins, false);
    }
  }
}

void append_yaml(std::string& out, const value& shown, std::size_t depth, bool origins, bool continues_line) {
  if (shown.is != value::shape::list) {
    append_yaml_members(out, shown, depth, origins, continues_line);
    return;
  }
  for (const value& each : shown.items) {
    if (!continues_line) out.append(depth * indent_width, ' ');
    continues_line = false;
    out += "- ";
    if (is_short(each)) {
      append_yaml_end(out, each, origins);
    } else {
      append_yaml(out, each, depth + 1, origins, true);
    }
  }
}

void append_json(std::string& out, const value& shown, std::size_t depth) {
  const bool is_list = shown.is == value::shape::list;
  if (shown.is == value::shape::null) {
    out += "null";
  } else if (shown.is == value::shape::scalar) {
    const bool bare = !shown.quoted && (is_number(shown.text) || shown.text == "true" || shown.text == "false");
    bare ? out += shown.text : (append_json_string(out, shown.text), out);
  } else if (is_short(shown)) {
    out += is_list ? "[]" : "{}";
  } else {
    out += is_list ? '[' : '{';
    bool first = true;
    const auto begin_item = [&] {
      out += first ? "\n" : ",\n";
      out.append((depth + 1) * indent_width, ' ');
      first = false;
    };
    for (const value& each : shown.items) {
      begin_item();
      append_json(out, each, depth + 1);
    }
    for (const member& each : shown.members) {
      begin_item();
      append_json_string(out, each.key);
      out += ": ";
      append_json(out, each.holds, depth + 1);
    }
    out += '\n';
    out.append(depth * indent_width, ' ');
    out += is_list ? ']' : '}';
  }
}

void collect_leaves(const value& shown, const std::string& path, value& into) {
  if (is_short(shown)) {
    value leaf = value::map();
    leaf.add("key", value::scalar(path, true));
    leaf.add("value", shown);
    leaf.add("origin", value::scalar(to_string(shown.at), true));
    into.items.push_back(std::move(leaf));
  }
  for (std::size_t i = 0; i < shown.items.size(); ++i)
    collect_leaves(shown.items[i], path + "[" + std::to_string(i) + "]", into);
  for (const member& each : shown.members)
    collect_leaves(each.holds, path.empty() ? each.key : path + "." + each.key, into);
}

}  // namespace

value with_origins(value shown, const value& document) {
  shown.at = document.at;
  for (std::size_t i = 0; i < shown.items.size(); ++i) {
    const bool said = i < document.items.size();
    shown.items[i] = with_origins(std::move(shown.items[i]), said ? document.items[i] : value{});
  }
  for (member& each : shown.members) {
    const value* said = document.find(each.key);
    // A key with nothing behind it was not said: it has its default.
    const bool has = said && said->is != value::shape::null;
    each.holds = with_origins(std::move(each.holds), has ? *said : value{});
  }
  return shown;
}

value without_defaults(value shown) {
  std::erase_if(shown.members, [](const member& each) { return each.holds.at.from == source::standard; });
  for (member& each : shown.members)
    each.holds = without_defaults(std::move(each.holds));
  for (value& each : shown.items)
    each = without_defaults(std::move(each));
  return shown;
}

std::string to_yaml(const value& shown, bool origins) {
  std::string out;
  if (is_short(shown)) {
    append_yaml_end(out, shown, origins);
  } else {
    append_yaml(out, shown, 0, origins, false);
  }
  return out;
}

std::string to_json(const value& shown) {
  std::string out;
  append_json(out, shown, 0);
  out += '\n';
  return out;
}

std::string to_json_with_origins(const value& shown) {
  value leaves = value::list();
  collect_leaves(shown, "", leaves);
  return to_json(leaves);
}

}  // namespace sluice::config
