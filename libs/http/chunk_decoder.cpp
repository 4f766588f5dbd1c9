#include "http/chunk_decoder.hpp"

#include <algorithm>
#include <cstring>

namespace sluice::http {
namespace {

// What a peer may send between two pieces of payload that is none: nobody sends any.
constexpr std::uint32_t skipped_bytes_max = 16 * 1024;
// A chunk's size has at most this many hexadecimal digits, so that it cannot overflow.
constexpr std::uint64_t chunk_bytes_max = std::uint64_t{1} << 60;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

chunk_decoder::output chunk_decoder::decode(std::span<char> bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  char* first = nullptr;   // of the payload
  std::size_t length = 0;  // of the payload
  while (at != end && state_ != state::finished && state_ != state::failed) {
    if (state_ != state::data) {
      at = read_frame(at, end);
      continue;
    }
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(left_, static_cast<std::uint64_t>(end - at)));
    char* const from = bytes.data() + (at - bytes.data());
    if (!first)
      first = from;
    else
      std::memmove(first + length, from, piece);
    length += piece;
    at += piece;
    left_ -= piece;
    skipped_ = 0;
    if (left_ == 0) state_ = state::data_cr;
  }
  return {.payload = {first, length}, .consumed = static_cast<std::size_t>(at - bytes.data())};
}

// Reads up to the next payload, the end, or the first byte that breaks the rules.
const char* chunk_decoder::read_frame(const char* at, const char* end) {
  while (at != end) {
    state_ = step(*at);
    if (state_ == state::failed) return at;
    ++at;
    if (state_ == state::data || state_ == state::finished) return at;
  }
  return at;
}

bool chunk_decoder::count_skipped() {
  return ++skipped_ <= skipped_bytes_max;
}

chunk_decoder::state chunk_decoder::step(char c) {
  switch (state_) {
    case state::size_first:
    case state::size: {
      const int digit = hex_digit(c);
      if (digit >= 0) {
        if (left_ >= chunk_bytes_max / 16) return state::failed;
        left_ = left_ * 16 + static_cast<unsigned>(digit);
        return count_skipped() ? state::size : state::failed;
      }
      if (state_ == state::size_first) return state::failed;
      if (c == '\r') return state::size_line_end;
      // Spaces behind the size are wrong but seen.
      return c == ';' || c == ' ' || c == '\t' ? state::extension : state::failed;
    }
    case state::extension:
      if (c == '\r') return state::size_line_end;
      return c != '\n' && count_skipped() ? state::extension : state::failed;
    case state::size_line_end:
      if (c != '\n') return state::failed;
      return left_ == 0 ? state::trailer_start : state::data;
    case state::data_cr:
      return c == '\r' ? state::data_lf : state::failed;
    case state::data_lf:
      return c == '\n' ? state::size_first : state::failed;
    case state::trailer_start:
      if (c == '\r') return state::last_line_end;
      return c != '\n' && count_skipped() ? state::trailer : state::failed;
    case state::trailer:
      if (c == '\r') return state::trailer_line_end;
      return c != '\n' && count_skipped() ? state::trailer : state::failed;
    case state::trailer_line_end:
      return c == '\n' ? state::trailer_start : state::failed;
    case state::last_line_end:
      return c == '\n' ? state::finished : state::failed;
    case state::data:
    case state::finished:
    case state::failed:
      break;
  }
  return state_;
}

}  // namespace sluice::http
