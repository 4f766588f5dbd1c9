// OpenAI's chat completion, streamed or whole, as deltas. No I/O: `http_provider.cpp` feeds it.
// Sources: https://platform.openai.com/docs/api-reference/chat-streaming, and what compatible servers send besides.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/providers/http_provider.hpp"

namespace sluice::agent {

/// Translates one answer. What becomes of its fields:
///
/// - `content`, `reasoning_content` or `reasoning` (the first of the two that a delta has), `refusal`: text of that
/// kind;
///   empty ones are no delta. Mistral's content in pieces (text, thinking) is taken apart.
/// - `tool_calls`, and the older `function_call` as index 0: fragments. A call without index is a new one if it has an
/// id.
///   Other fields of a call and of its function (Gemini's `extra_content`) stay with the fragment.
/// - Other fields that are not null: those of the delta (or whole message) and of its choice become one extension delta
///   behind the text that came with them, `{"delta":{…},"choice":{…}}`, so that they can be put back where they stood;
///   those of the chunk are extensions of the response. One that is not sound JSON is left out.
/// - `finish_reason`: mapped, the provider's word kept; "stop" after tool calls means tool_calls. vLLM's `stop_reason`
///   names the stop sequence.
/// - `usage`: the last one holds. DeepSeek's `prompt_cache_hit_tokens` and Moonshot's `cached_tokens` are understood;
///   where the total shows that reasoning was counted beside the completion (xAI), it is added to the output.
/// - A character whose `\u` halves are cut across two deltas of one kind is joined; half of one becomes U+FFFD.
class openai_stream final : public answer_reader {
 public:
  static constexpr std::int64_t choices_max = 128;  ///< of OpenAI's `n`

  /// `provider` is its name in messages. Both outlive this. An answer with more than `choices`, which were asked for,
  /// is bad_gateway.
  openai_stream(json_scratch& scratch, std::string_view provider, std::int64_t choices = choices_max)
      : scratch_(scratch), provider_(provider), choices_asked_(std::min(choices, choices_max)) {}

  /// The end marker is `[DONE]`.
  result<bool> feed(std::string_view data, provider_output& out) override;
  result<void> translate_whole(std::string_view json, provider_output& out) override;
  /// Some servers never send an end marker: every choice must have reached its end.
  result<void> end(provider_output& out) override;

 private:
  struct reading;
  struct choice_state {
    std::uint32_t tool_calls = 0;  ///< one above the highest index so far
    bool finished = false;
    char16_t half = 0;  ///< a leading surrogate that waits for its other half
    generation::delta_kind half_kind = generation::delta_kind::text;
    std::uint32_t half_tool_call = 0;
    bool half_is_custom = false;
  };

  result<void> read(std::string_view json, provider_output& out, bool whole);
  result<void> finish(provider_output& out);

  json_scratch& scratch_;
  std::string_view provider_;
  std::int64_t choices_asked_;
  std::vector<choice_state> choices_;
  std::vector<std::pair<std::string, std::string>> fields_;  ///< the chunk's other fields as they last were, raw
  bool has_id_ = false;
  bool has_model_ = false;
  std::string text_;           ///< unescaped text; kept for its memory
  std::string fragment_;       ///< an encoded tool call; likewise
  std::string delta_fields_;   ///< `"name":value,…` that have no delta of their own; likewise
  std::string choice_fields_;  ///< likewise
};

}  // namespace sluice::agent
