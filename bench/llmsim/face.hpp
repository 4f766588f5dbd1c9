// One provider's API on the wire: how the parts of an answer are written down. The simulated provider knows what to
// say (answer_stream) apart from how each API says it; a further API (Anthropic, Gemini) is a further face.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/answer/scenario.hpp"

namespace sluice::bench {

/// What was asked, whatever the face.
struct chat_request {
  std::string model;
  bool stream = false;
  bool include_usage = false;
  std::string user_message;  ///< the text of the last user message
  scenario plan;
  std::uint64_t seed = 0;
  std::uint64_t number = 0;  ///< of this request, from 1
};

struct token_usage {
  std::uint32_t input = 0;
  std::uint32_t output = 0;  ///< reasoning among them
  std::uint32_t reasoning = 0;
};

struct tool_call {
  std::uint32_t index = 0;
  std::string id;
  std::string name;
  std::string arguments;
};

/// A whole answer, for a request that is not streamed.
struct whole_answer {
  std::string text;
  std::string reasoning;
  std::vector<tool_call> tool_calls;
  std::string finish_reason;
  token_usage usage;
};

/// Each call appends the event or events that say its part. One face serves one answer.
class face {
 public:
  virtual ~face() = default;
  virtual void begin(std::string& to) = 0;
  virtual void text(std::string& to, std::string_view token) = 0;
  virtual void reasoning(std::string& to, std::string_view token) = 0;
  virtual void tool_call_begin(std::string& to, const tool_call& call) = 0;
  virtual void tool_call_arguments(std::string& to, const tool_call& call, std::string_view fragment) = 0;
  virtual void finish(std::string& to, std::string_view reason, const token_usage& usage) = 0;
  /// What follows the last event, if the API has such a thing.
  virtual void done(std::string& to) = 0;
  virtual void error_event(std::string& to) = 0;
  virtual std::string whole(const whole_answer& answer) = 0;
};

}  // namespace sluice::bench
