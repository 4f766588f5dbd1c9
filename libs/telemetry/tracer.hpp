// Begins spans, and decides which of them are seen.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "telemetry/span.hpp"

namespace sluice::telemetry {

/// Which traces are recorded: as OTEL_TRACES_SAMPLER and its argument say it.
struct sampling {
  enum class rule : std::uint8_t { all, none, share };
  rule roots = rule::all;
  double ratio = 1;           ///< of traces that begin here, for `share`
  bool follow_parent = true;  ///< what the caller decided about a trace of its own holds here too
};

/// What others get to know.
struct disclosure {
  bool propagate = true;  ///< whether those that are called are told which trace the call belongs to
  bool content = false;   ///< whether prompts and answers are recorded
};

/// Any thread. Its spans may outlive it.
class tracer {
 public:
  /// Off: its spans pass on what they were given, and nothing is recorded.
  tracer() = default;
  tracer(const sampling& told, std::shared_ptr<span_sink> to, const disclosure& shows = {})
      : sampling_(told), sink_(std::move(to)), shows_(shows) {}
  tracer(const tracer&) = delete;
  tracer& operator=(const tracer&) = delete;

  bool is_on() const { return sink_ != nullptr; }
  const disclosure& shows() const { return shows_; }
  span start(std::string_view name, span_kind kind, const trace_context& parent = {}) const;

 private:
  bool decide(const trace_context& parent, const trace_context& begun) const;

  sampling sampling_;
  std::shared_ptr<span_sink> sink_;
  disclosure shows_;
};

}  // namespace sluice::telemetry
