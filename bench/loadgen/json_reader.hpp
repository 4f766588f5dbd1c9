// JSON that is read often: one parser, one padded buffer, no copy where the bytes have room behind them.
#pragma once

#include <string>
#include <string_view>

#include <simdjson.h>

namespace sluice::bench {

/// Valid until the next call. False if `text` is not JSON.
inline bool read_json(std::string_view text, simdjson::dom::element& to) {
  static thread_local simdjson::dom::parser parser;
  static thread_local std::string padded;
  padded.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  padded.assign(text);
  return parser.parse(padded.data(), padded.size(), false).get(to) == simdjson::SUCCESS;
}

/// Empty if there is no such string.
template <class Element>
std::string_view string_at(Element&& element) {
  std::string_view text;
  (void)element.get_string().get(text);
  return text;
}

}  // namespace sluice::bench
