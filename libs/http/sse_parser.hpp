// WHATWG event streams (HTML standard, section 9.2.6) without I/O, made for providers' streams: nearly every event is
// one `data:` line that lies wholly in what was read, and costs no copy.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::http {

/// One event. The views live until the parser's next call.
struct sse_event {
  std::string_view name;  ///< the `event:` field; "message" if there was none
  std::string_view data;  ///< the `data:` lines joined by line feeds
  std::string_view id;    ///< the last `id:` of the stream so far
};

/// Reads one stream; bytes may be cut anywhere.
///
///     parser.feed(bytes_just_read);
///     while (const auto event = parser.next()) …
///
/// simdjson may read up to `readable_padding` bytes behind an event's data. Where the data lies in the parser, they are
/// there; where it lies in the fed bytes, they are only if the caller's buffer has as many behind what was fed.
class sse_parser {
 public:
  static constexpr std::size_t readable_padding = 64;

  /// `event_bytes_max` bounds an event's data and every single line; a stream that passes it has failed.
  explicit sse_parser(std::size_t event_bytes_max) : event_bytes_max_(event_bytes_max) {}

  /// Gives the parser bytes to read, which must stay until `next` has returned nothing. All that was fed before must
  /// have been read.
  void feed(std::string_view bytes);
  /// The next event, or nothing if more bytes are needed or the stream has failed. An event without a `data:` line is
  /// no event.
  std::optional<sse_event> next();

  /// Whether an event or line passed `event_bytes_max`. Nothing more is read.
  bool failed() const { return failed_; }
  /// Whether the stream, if it ended here, would end inside an event: the standard says to forget such an event.
  bool has_partial() const { return line_cut_ || (has_data_ && !given_); }
  /// The last `retry:` of the stream: how long to wait before connecting again.
  std::optional<std::chrono::milliseconds> retry() const { return retry_; }

 private:
  bool take_line(std::string_view& line);
  void read_field(std::string_view line);
  void add_data(std::string_view value);
  void keep_partial();
  sse_event give();

  const char* at_ = nullptr;  ///< what was fed and not yet read: [at_, end_)
  const char* end_ = nullptr;
  const char* line_feed_ = nullptr;  ///< the first line feed from at_ on, or end_; null: not looked for yet
  std::size_t event_bytes_max_;
  std::string line_;            ///< a line that was cut by the end of what was fed; `readable_padding` behind it
  std::string data_;            ///< data that had to be joined or kept; `readable_padding` behind it
  std::string name_;            ///< a name that had to be kept
  std::string id_;              ///< the last `id:`
  std::string_view data_view_;  ///< the data so far, wherever it lies
  std::string_view name_view_;  ///< likewise
  std::optional<std::chrono::milliseconds> retry_;
  bool has_data_ = false;      ///< whether the event has a `data:` line, if only an empty one
  bool line_cut_ = false;      ///< whether line_ is the beginning of the line under way
  bool after_return_ = false;  ///< whether the last line ended in a carriage return: a line feed belongs to it
  bool at_start_ = true;       ///< whether no line has been read: a byte order mark may come
  bool given_ = false;         ///< whether the event under way was given and is to be forgotten
  bool failed_ = false;
};

}  // namespace sluice::http
