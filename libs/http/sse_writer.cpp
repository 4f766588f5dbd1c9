#include "http/sse_writer.hpp"

#include <cassert>

namespace sluice::http {
namespace {

constexpr std::string_view line_breaks = "\r\n";

void append_field(std::string& out, std::string_view field, std::string_view value) {
  if (value.empty()) return;
  assert(value.find_first_of(line_breaks) == value.npos);
  out.append(field).append(value).push_back('\n');
}

/// Appends `text` with `prefix` before each line but the first, which has it already.
void append_lines(std::string& out, std::string_view text, std::string_view prefix) {
  for (auto end = text.find_first_of(line_breaks); end != text.npos; end = text.find_first_of(line_breaks)) {
    out.append(text.substr(0, end)).append("\n").append(prefix);
    text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  out.append(text);
}

}  // namespace

void begin_sse_event(std::string& out, std::string_view name, std::string_view id) {
  append_field(out, "id: ", id);
  append_field(out, "event: ", name);
  out.append("data: ");
}

void end_sse_event(std::string& out) {
  out.append("\n\n");
}

void append_sse_event(std::string& out, std::string_view data, std::string_view name, std::string_view id) {
  begin_sse_event(out, name, id);
  append_lines(out, data, "data: ");
  end_sse_event(out);
}

void append_sse_comment(std::string& out, std::string_view text) {
  out.append(": ");
  append_lines(out, text, ": ");
  end_sse_event(out);
}

}  // namespace sluice::http
