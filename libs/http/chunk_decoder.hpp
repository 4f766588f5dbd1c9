// HTTP/1.1 chunked coding (RFC 9112, section 7.1) without I/O, decoded in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::http {

/// Decodes one message's body; bytes may be cut anywhere. Extensions and trailers are skipped. A line that does not end
/// in CR LF, a size that is no number, or an endless line fails.
class chunk_decoder {
 public:
  /// What one call gave. `payload` points into the bytes: where they hold several chunks, these have been moved
  /// together, so that one read gives one view.
  struct output {
    std::string_view payload;
    std::size_t consumed = 0;  ///< all bytes, but fewer if the body has ended before them or has failed
  };
  output decode(std::span<char> bytes);

  /// Whether the last chunk and the trailers have been read.
  bool finished() const { return state_ == state::finished; }
  /// Whether the bytes broke the rules. Nothing more is read.
  bool failed() const { return state_ == state::failed; }

 private:
  enum class state : std::uint8_t {
    size_first,     ///< the first digit of a chunk's size
    size,           ///< more digits
    extension,      ///< what follows the size up to its CR
    size_line_end,  ///< the LF of a size line
    data,
    data_cr,
    data_lf,
    trailer_start,  ///< the first character of a trailer's line, or the CR of the empty one
    trailer,
    trailer_line_end,
    last_line_end,
    finished,
    failed,
  };
  const char* read_frame(const char* at, const char* end);
  state step(char c);
  bool count_skipped();

  std::uint64_t left_ = 0;     ///< of the chunk's size while it is read, then of its data
  std::uint32_t skipped_ = 0;  ///< bytes of extensions and trailers so far, since the last payload
  state state_ = state::size_first;
};

}  // namespace sluice::http
