#include "http/sse_parser.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>

namespace sluice::http {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// The first `wanted` in [at, end), or `end`.
const char* find(const char* at, const char* end, char wanted) {
  if (at == end) return end;
  const void* found = std::memchr(at, wanted, static_cast<std::size_t>(end - at));
  return found == nullptr ? end : static_cast<const char*>(found);
}

/// Appends, leaving readable_padding behind. Grows by doubling, as append does.
void append_padded(std::string& to, std::string_view bytes) {
  const std::size_t needed = to.size() + bytes.size() + sse_parser::readable_padding;
  if (needed > to.capacity()) to.reserve(std::max(needed, 2 * to.capacity()));
  to.append(bytes);
}

}  // namespace

void sse_parser::feed(std::string_view bytes) {
  assert(at_ == end_);
  if (failed_) return;
  at_ = bytes.data();
  end_ = at_ + bytes.size();
  line_feed_ = nullptr;
}

std::optional<sse_event> sse_parser::next() {
  if (failed_) return std::nullopt;
  if (given_) {
    given_ = false;
    has_data_ = false;
    data_view_ = {};
    name_view_ = {};
  }
  std::string_view line;
  while (take_line(line)) {
    if (line.empty()) {
      if (has_data_) return give();
      name_view_ = {};
    } else {
      read_field(line);
    }
  }
  return std::nullopt;
}

/// The next whole line without its end; false if there is none in what was fed, of which nothing is left then.
bool sse_parser::take_line(std::string_view& line) {
  if (after_return_ && at_ != end_) {
    after_return_ = false;
    if (*at_ == '\n') ++at_;
  }
  // Both searches pass over each byte once, whatever the lines end in.
  if (line_feed_ == nullptr || line_feed_ < at_) line_feed_ = find(at_, end_, '\n');
  const char* line_end = find(at_, line_feed_, '\r');
  if (line_end == end_) {
    keep_partial();
    return false;
  }
  line = std::string_view(at_, line_end);
  at_ = line_end + 1;
  after_return_ = *line_end == '\r';
  if (line_cut_) {
    append_padded(line_, line);
    line = line_;
    line_cut_ = false;
  }
  if (line.size() + data_view_.size() > event_bytes_max_) {
    failed_ = true;
    at_ = end_;
    return false;
  }
  if (at_start_) {
    at_start_ = false;
    if (line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  }
  return true;
}

/// Copies what is still needed out of the fed bytes: the event so far, and the line that they cut.
void sse_parser::keep_partial() {
  if (has_data_ && data_view_.data() != data_.data()) {
    data_.clear();
    append_padded(data_, data_view_);
    data_view_ = data_;
  }
  if (!name_view_.empty() && name_view_.data() != name_.data()) {
    name_.assign(name_view_);
    name_view_ = name_;
  }
  if (at_ != end_) {
    if (!line_cut_) line_.clear();
    line_cut_ = true;
    append_padded(line_, std::string_view(at_, end_));
    at_ = end_;
    failed_ = line_.size() + data_view_.size() > event_bytes_max_;
  }
}

void sse_parser::read_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == 0) return;  // a comment
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    add_data(value);
  } else if (field == "event") {
    name_view_ = value;
  } else if (field == "id") {
    if (value.find('\0') == value.npos) id_.assign(value);
  } else if (field == "retry") {
    std::uint32_t milliseconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), milliseconds);
    if (error == std::errc() && end == value.data() + value.size()) retry_ = std::chrono::milliseconds(milliseconds);
  }
}

void sse_parser::add_data(std::string_view value) {
  if (!has_data_) {
    has_data_ = true;
    data_view_ = value;
    return;
  }
  if (data_view_.data() != data_.data()) {
    data_.clear();
    append_padded(data_, data_view_);
  }
  append_padded(data_, "\n");
  append_padded(data_, value);
  data_view_ = data_;
}

sse_event sse_parser::give() {
  given_ = true;
  return {.name = name_view_.empty() ? "message" : name_view_, .data = data_view_, .id = id_};
}

}  // namespace sluice::http
