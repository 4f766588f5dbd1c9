// Gemini's answer, streamed or whole, as deltas. No I/O: `http_provider.cpp` feeds it.
// Source: `GenerateContentResponse` of Google's SDK; every event of a stream is one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/providers/http_provider.hpp"
#include "generation/usage.hpp"

namespace sluice::agent {

/// The counts of `usageMetadata` as they last were.
struct gemini_usage {
  std::int64_t prompt = 0;
  std::int64_t tool_prompt = 0;
  std::int64_t cached = 0;
  std::int64_t candidates = 0;
  std::int64_t thoughts = 0;
  std::int64_t input_audio = 0;
  std::int64_t output_audio = 0;

  /// In our way of counting: input with the prompts of tools, output with the thoughts.
  generation::usage settled() const;
};

/// Translates one answer. What becomes of the parts of its candidates, which are its choices:
///
/// - `text`: text, with `thought` reasoning. Its signature stands behind it.
/// - `functionCall`: a tool call in one piece; the calls of a candidate are counted by themselves. One without an id is
///   given one that depends on the answer alone, so the same answer read again has the same. A signature stands behind
///   it, and in it as `extra_content`, as Google's own OpenAI endpoint shows it to clients who hand back no other.
/// - `inlineData` of the answer: a `part`, an image, audio or file.
/// - whatever this does not know (`executableCode`, `codeExecutionResult`, images thought of): a `part` of the dialect,
///   handed back in the next turn.
///
/// What is said of a candidate: `finishReason`, mapped, the provider's word kept; what says that the model wrote
/// nonsense, such as MALFORMED_FUNCTION_CALL, is bad_gateway, and "STOP" after calls means tool_calls. Sources of
/// `citationMetadata` are citations. `logprobsResult` is `logprobs` as OpenAI has them. The others
/// (`groundingMetadata`, `safetyRatings`, …) hold for the whole candidate: as they last were they become one extension
/// delta `{"choice":{…}}` at the end.
///
/// A prompt that was blocked has no candidates: choice 0 ends as content_filter with `blockReason` as the provider's
/// word. `promptFeedback` and fields that nobody knows yet are extensions of the response. Usage is brought to our way
/// of counting: input with the prompts of tools, output with the thoughts; the last word on each count holds. A
/// character whose `\u` halves are cut across two events is joined; half of one becomes U+FFFD.
class gemini_stream final : public answer_reader {
 public:
  static constexpr std::int64_t choices_max = 128;

  /// `provider` is its name in messages. Both outlive this. An answer with more than `choices`, which were asked for,
  /// is bad_gateway.
  gemini_stream(json_scratch& scratch, std::string_view provider, std::int64_t choices = choices_max)
      : scratch_(scratch), provider_(provider), choices_asked_(std::clamp<std::int64_t>(choices, 1, choices_max)) {}

  /// There is no end marker; `[DONE]`, which some servers send, is one.
  result<bool> feed(std::string_view data, provider_output& out) override;
  /// One answer, or a list of them: what a stream is to servers that do not know `alt=sse`.
  result<void> translate_whole(std::string_view json, provider_output& out) override;
  /// Every candidate must have reached its end.
  result<void> end(provider_output& out) override;

 private:
  struct reading;
  struct choice_state {
    std::uint32_t calls = 0;
    std::string word;   ///< of `finishReason`; empty as long as it goes on
    char16_t half = 0;  ///< a leading surrogate that waits for its other half
    generation::delta_kind half_kind = generation::delta_kind::text;
    std::vector<std::string> citations;                         ///< sources that were told
    std::vector<std::pair<std::string, std::string>> metadata;  ///< by name, as they last were; raw
  };

  result<void> read(std::string_view json, provider_output& out);

  json_scratch& scratch_;
  std::string_view provider_;
  std::int64_t choices_asked_;
  std::vector<choice_state> choices_;
  std::size_t held_bytes_ = 0;  ///< of citations and metadata of all choices
  bool is_blocked_ = false;
  std::string response_id_;
  bool has_model_ = false;
  gemini_usage usage_;
  std::string text_;      ///< unescaped text; kept for its memory
  std::string fragment_;  ///< an encoded tool call; likewise
};

}  // namespace sluice::agent
