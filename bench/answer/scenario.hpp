// What the simulated provider is asked to do, e.g. "tokens=50,rate=20,fault=cut,after=10". Written into a model's name
// ("sim:tokens=50,rate=20"), a base URL's path ("/sim;tokens=50;rate=20/v1") or a header ("x-sim: …"), because a
// gateway forwards only some of these.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::bench {

enum class text_kind : std::uint8_t { words, unicode, echo };

/// How the bytes of an answer, head included, are cut into packets.
enum class split_kind : std::uint8_t {
  none,       ///< a packet holds `batch` events
  every,      ///< each byte is a packet
  at_offset,  ///< two packets: the first `split_offset` bytes, then all the rest that is ready
  character,  ///< a packet ends within each character of more than one byte
};

enum class fault_kind : std::uint8_t {
  none,
  status,         ///< an error response: `fault=429`, `fault=500`, …
  refuse,         ///< closes without an answer
  stall,          ///< never answers
  stall_headers,  ///< stops within the response's head
  slow_headers,   ///< one byte of the head every `gap_us`
  garbage_http,   ///< answers something that is not HTTP
  not_json,       ///< the body (or the event after `after` tokens) is not JSON; also `fault=garbage`
  stall_stream,   ///< stops for ever after `after` tokens
  cut,            ///< closes after `after` tokens, the chunked body unfinished
  cut_clean,      ///< the same, with the chunked body ended properly but nothing that finishes the answer
  cut_event,      ///< closes in the middle of an event
  cut_reset,      ///< resets the connection
  endless_line,   ///< after `after` tokens a line that never ends
  error_event,    ///< after `after` tokens an error as an event, then the end
  invalid_utf8,   ///< the token after `after` tokens holds half a character
  no_done,        ///< all is well, but the last event of the stream is missing
  alter,          ///< the token after `after` tokens has one wrong letter
  drop,           ///< … is missing
  repeat,         ///< … comes twice
};

struct scenario {
  std::uint32_t tokens = 20;         ///< of text
  std::uint32_t size = 5;            ///< code points in a token of text
  std::uint32_t reasoning = 0;       ///< tokens of reasoning before the text
  std::uint32_t tools = 0;           ///< tool calls after the text
  double rate = 0;                   ///< tokens a second, 0 = flat out
  std::uint32_t batch = 1;           ///< events in a packet
  std::uint32_t first_token_ms = 0;  ///< from the response's head to the first token
  std::uint32_t headers_ms = 0;      ///< from the request to the response's head
  text_kind text = text_kind::words;
  bool escape = false;                     ///< everything outside ASCII as \uXXXX
  std::optional<std::uint64_t> seed = {};  ///< else the answer follows from the last user message
  std::string finish = "stop";
  bool usage = true;  ///< whether usage is told at all
  split_kind split = split_kind::none;
  std::uint32_t split_offset = 0;  ///< bytes
  std::uint32_t gap_us = 100;      ///< between the packets of a split, and the bytes of slow headers
  fault_kind fault = fault_kind::none;
  int status = 0;                 ///< of fault_kind::status
  std::uint32_t after = 5;        ///< tokens before the fault
  double fault_rate = 1;          ///< share of the requests that it strikes
  std::uint32_t fault_times = 0;  ///< it strikes only the first so many requests with this description; 0 = all
  std::uint32_t retry_after = 1;  ///< seconds, told by a 429 and a 503

  /// Lays `key=value` pairs, parted by `,` or `;`, over this one. The error names what was not understood.
  std::expected<void, std::string> apply(std::string_view description);
  /// One pair.
  std::expected<void, std::string> set(std::string_view key, std::string_view value);
};

}  // namespace sluice::bench
