#include "bench/net/http_reader.hpp"

#include <algorithm>
#include <charconv>

namespace sluice::bench {

namespace {

constexpr std::size_t head_bytes_max = 64 * 1024;
constexpr std::size_t line_bytes_max = 4096;

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
}

bool same_name(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace

http_reader::state http_reader::feed(std::string_view& input) {
  if (state_ == state::head) read_head(input);
  if (state_ == state::body) read_body(input);
  return state_;
}

http_reader::state http_reader::read_head(std::string_view& input) {
  // The empty line may have come in two pieces, so the search begins a little before the new bytes.
  const std::size_t known = head_.size();
  head_.append(input);
  const std::size_t end = head_.find("\r\n\r\n", known < 3 ? 0 : known - 3);
  if (end == std::string::npos) {
    input = {};
    if (head_.size() > head_bytes_max) state_ = state::broken;
    return state_;
  }
  input.remove_prefix(end + 4 - known);
  head_.resize(end + 4);
  state_ = state::body;
  choose_framing();
  return state_;
}

void http_reader::choose_framing() {
  if (same_name(header("transfer-encoding"), "chunked")) {
    framing_ = framing::chunk_size;
    return;
  }
  framing_ = framing::length;
  const std::string_view length = header("content-length");
  const bool has_length = !length.empty();
  remaining_ = 0;
  if (has_length && std::from_chars(length.data(), length.data() + length.size(), remaining_).ec != std::errc{})
    state_ = state::broken;
  const bool is_response = head_.starts_with("HTTP/");
  const bool without_body = !is_response || status() / 100 == 1 || status() == 204 || status() == 304;
  if (!has_length && !without_body) framing_ = framing::until_close;
  if (framing_ == framing::length && remaining_ == 0 && state_ == state::body) state_ = state::complete;
}

void http_reader::read_body(std::string_view& input) {
  while (state_ == state::body && !input.empty()) {
    if (framing_ == framing::until_close) {
      body_.append(input);
      input = {};
    } else if (framing_ == framing::length || framing_ == framing::chunk_data) {
      const std::size_t size = std::min<std::uint64_t>(remaining_, input.size());
      body_.append(input.substr(0, size));
      input.remove_prefix(size);
      remaining_ -= size;
      if (remaining_ > 0) return;
      if (framing_ == framing::length) {
        state_ = state::complete;
      } else {
        framing_ = framing::chunk_end;
      }
    } else {
      read_chunk_line(input);
    }
  }
}

void http_reader::read_chunk_line(std::string_view& input) {
  const std::size_t end = input.find('\n');
  line_.append(input.substr(0, end));
  input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  if (line_.size() > line_bytes_max) state_ = state::broken;
  if (end == std::string_view::npos) return;
  if (line_.ends_with('\r')) line_.pop_back();
  switch (framing_) {
    case framing::chunk_size: {
      const auto [stop, error] = std::from_chars(line_.data(), line_.data() + line_.size(), remaining_, 16);
      if (error != std::errc{}) state_ = state::broken;
      framing_ = remaining_ == 0 ? framing::trailer : framing::chunk_data;
      break;
    }
    case framing::chunk_end:
      if (!line_.empty()) state_ = state::broken;
      framing_ = framing::chunk_size;
      break;
    default:
      if (line_.empty()) state_ = state::complete;
  }
  line_.clear();
}

std::string_view http_reader::start_line() const {
  return std::string_view(head_).substr(0, head_.find("\r\n"));
}

std::string_view http_reader::header(std::string_view name) const {
  std::string_view rest(head_);
  rest.remove_prefix(std::min(rest.size(), start_line().size() + 2));
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(rest.size(), line.size() + 2));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !same_name(line.substr(0, colon), name)) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' '))
      value.remove_prefix(1);
    while (value.ends_with(' '))
      value.remove_suffix(1);
    return value;
  }
  return {};
}

int http_reader::status() const {
  int status = 0;
  if (head_.size() > 12) std::from_chars(head_.data() + 9, head_.data() + 12, status);
  return status;
}

void http_reader::reset() {
  state_ = state::head;
  head_.clear();
  line_.clear();
  body_.clear();
}

}  // namespace sluice::bench
