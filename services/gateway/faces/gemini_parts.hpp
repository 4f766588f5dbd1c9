// Deltas as parts of a candidate of the Gemini API. No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "generation/delta.hpp"
#include "generation/usage.hpp"

namespace sluice::gateway::gemini {

/// What one candidate says beside its text, collected until it can be said.
class candidate_parts {
 public:
  /// Takes a delta. The text itself is said by whoever has it, and may be left out here.
  void take(generation::delta_kind kind, std::string_view bytes);
  /// JSON of the parts that are complete. Calls are, once something else than a piece of a call has come (`all`: or the
  /// end).
  std::vector<std::string> take_ready(bool all);
  /// What is said of the whole candidate: `{"citationMetadata":…,"safetyRatings":…}`.
  boost::json::object take_metadata();

 private:
  struct call {
    std::uint32_t index;
    std::string id;
    std::string name;
    std::string arguments;
    bool is_custom = false;
    std::string signature;
  };
  void add_call(std::string_view bytes);
  void add_signature(std::string_view bytes);
  void add_part(std::string_view bytes);
  void add_metadata(std::string_view bytes);
  void add_citation(std::string_view bytes);
  void close_calls();
  static std::string part_of(const call& one);

  std::vector<call> calls_;
  std::vector<std::string> ready_;
  boost::json::array citations_;
  boost::json::object metadata_;
  bool is_behind_thought_ = false;
};

bool is_thought(generation::delta_kind kind);

/// `{"text":…}` with `"thought":true` where it is one, from pieces of text that are appended in between.
void begin_text_part(std::string& out, bool is_thought);
void end_text_part(std::string& out);

/// `finishReason`: the provider's own word where it is one of Gemini's.
std::string_view finish_reason_of(const generation::choice_finish& how);

/// `usageMetadata`: thoughts are counted beside the candidates.
boost::json::object usage_of(const generation::usage& used);

}  // namespace sluice::gateway::gemini
