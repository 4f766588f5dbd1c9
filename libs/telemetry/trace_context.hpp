// Which trace something belongs to, and as what it travels: W3C Trace Context (https://www.w3.org/TR/trace-context/).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::telemetry {

/// A span as its children know it. All zero: none, and what begins then is a trace of its own.
struct trace_context {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
  bool sampled = false;
  std::string state = {};  ///< `tracestate`, handed on as it came

  bool is_valid() const;
  /// 32 hexadecimal digits; empty for none.
  std::string trace_id_text() const;
  /// 16 hexadecimal digits; empty for none.
  std::string span_id_text() const;
  /// The value of `traceparent`; empty for none.
  std::string parent_text() const;

  bool operator==(const trace_context&) const = default;
};

/// What strangers say. A `parent` that is malformed is none, a `state` that is malformed is left out: neither is ever
/// the caller's error.
trace_context parse_trace_context(std::string_view parent, std::string_view state);

}  // namespace sluice::telemetry
