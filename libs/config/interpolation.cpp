#include "config/interpolation.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace sluice::config {
namespace {

constexpr std::size_t result_bytes_max = 1 << 20;

bool is_variable_name(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (text.empty() || !is_letter(text.front())) return false;
  return std::ranges::all_of(text, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

std::expected<std::string, std::string> file_content(std::string_view path, const references& known) {
  auto content = known.read(std::string(path));
  if (!content) return std::unexpected(fmt::format("cannot read the file \"{}\": {}", path, content.error()));
  if (content->ends_with('\n')) content->pop_back();
  if (content->ends_with('\r')) content->pop_back();
  if (!is_valid_utf8(*content)) return std::unexpected(fmt::format("the file \"{}\" is not UTF-8", path));
  return content;
}

// What stands for the text between the braces.
std::expected<std::string, std::string> resolve(std::string_view reference, const references& known) {
  constexpr std::string_view file_prefix = "file:";
  if (reference.starts_with(file_prefix)) return file_content(reference.substr(file_prefix.size()), known);
  const std::size_t dash = reference.find(":-");
  const std::string_view name = reference.substr(0, dash);
  if (!is_variable_name(name)) {
    return std::unexpected(fmt::format(
        "\"${{{}}}\" is no reference; write ${{NAME}}, ${{NAME:-default}}, ${{file:/path}}, or $${{ for ${{",
        reference.substr(0, 64)));
  }
  const std::string* set = find(known.variables, name);
  if (dash != std::string_view::npos) {
    return set && !set->empty() ? *set : std::string(reference.substr(dash + 2));
  }
  if (!set) {
    return std::unexpected(
        fmt::format("the environment variable {0} is not set; set it, or write ${{{0}:-default}}", name));
  }
  if (!is_valid_utf8(*set)) return std::unexpected(fmt::format("the environment variable {} is not UTF-8", name));
  return *set;
}

}  // namespace

std::expected<std::string, std::string> interpolate(std::string_view text, const references& known) {
  std::string out;
  while (!text.empty()) {
    const std::size_t start = text.find("${");
    out += text.substr(0, start);
    if (start == std::string_view::npos) break;
    if (start > 0 && text[start - 1] == '$') {
      out += '{';  // the first dollar is there already
      text.remove_prefix(start + 2);
      continue;
    }
    const std::size_t end = text.find('}', start);
    if (end == std::string_view::npos) return std::unexpected("\"${\" has no end; write $${ for a literal ${");
    auto put_in = resolve(text.substr(start + 2, end - start - 2), known);
    if (!put_in) return put_in;
    out += *put_in;
    if (out.size() > result_bytes_max) return std::unexpected("grows too long by its references");
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace sluice::config
