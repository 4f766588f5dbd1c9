// What a generation consists of: the kinds of delta, and what the structured ones carry.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "generation/usage.hpp"

namespace sluice::generation {

/// The kinds of delta. For the first four the bytes in the log are the text itself, so that neighbours join by standing
/// beside each other; the others have an encoding of their own, given here.
enum class delta_kind : std::uint8_t {
  text,               ///< UTF-8 of the answer
  reasoning,          ///< UTF-8 of the model's thinking
  reasoning_summary,  ///< UTF-8 of a summary of thinking that stays hidden (OpenAI Responses)
  refusal,            ///< UTF-8 of a refusal (OpenAI)
  tool_call,          ///< a fragment of a tool call: `encode_tool_call`
  signature,          ///< opaque bytes that belong to the part before (Anthropic, Gemini): to be returned unchanged
  citation,           ///< JSON of one citation or annotation of the text before
  part,               ///< JSON of a content part that comes whole, as content_json.hpp writes it: images, audio,
                      ///< redacted thinking, what only the provider's dialect knows
  extension,          ///< JSON object of vendor fields that came with the answer (logprobs, safety ratings, …)
  usage,              ///< `usage` as known so far; the last one holds
  rewind,             ///< what follows goes on from an earlier place: `encode_rewind`
  finish,             ///< the end: no bytes, see `log::ending`
};

constexpr bool is_plain_text(delta_kind kind) {
  return kind <= delta_kind::refusal;
}

/// A piece of a tool call as the provider streams it. `id` and `name` come with the first piece of an index.
struct tool_call_fragment {
  std::uint32_t index = 0;
  std::string_view id;
  std::string_view name;
  std::string_view arguments;  ///< a piece of JSON text, or of a custom tool's free text; cut anywhere
  bool is_custom = false;      ///< each piece says it
  std::string_view extensions =
      {};  ///< a JSON object of the call's vendor fields, see `vendor_fields.hpp`; may be empty
};

void encode_tool_call(std::string& out, const tool_call_fragment& fragment);
/// Views into `bytes`, which must be what `encode_tool_call` wrote.
tool_call_fragment decode_tool_call(std::string_view bytes);

/// "Forget the rest of the answer so far: it goes on from there."
struct rewind {
  std::uint64_t keep_text = 0;                 ///< code points of text that stay
  std::uint64_t keep_reasoning = 0;            ///< code points of reasoning that stay
  std::vector<std::uint64_t> keep_tool_calls;  ///< characters of each tool call's arguments that stay, by index
  std::string reason;
};

std::string encode_rewind(const rewind& value);
rewind decode_rewind(std::string_view bytes);

std::string encode_usage(const usage& value);
usage decode_usage(std::string_view bytes);

enum class status : std::uint8_t {
  completed,
  incomplete,  ///< ended early by a length limit or a content filter
  cancelled,
  failed,
};
std::string_view to_string(status value);

enum class finish_reason : std::uint8_t {
  stop,            ///< the model was done
  stop_sequence,   ///< a stop sequence of the request appeared
  length,          ///< the output limit was reached
  context_length,  ///< the context window was full
  tool_calls,      ///< the model waits for results of tools
  content_filter,
  refusal,
  pause,      ///< the provider paused a long turn, which may be continued (Anthropic `pause_turn`)
  cancelled,  ///< we were told to stop
  error,
};
/// As the `finish_reason` of our own protocol.
std::string_view to_string(finish_reason reason);

/// How one choice of the answer ended (`n` > 1 gives several).
struct choice_finish {
  std::uint8_t choice = 0;
  finish_reason reason = finish_reason::stop;
  std::string provider_reason = {};  ///< the provider's own word
  std::string stop_sequence = {};    ///< the one that appeared, where the provider says
};

/// An attempt at a provider that failed before it said anything, and was followed by another.
struct failed_attempt {
  std::string provider;
  std::string provider_model;
  error_reason reason = error_reason::internal;
  std::chrono::milliseconds total{0};
};

/// The terminal record of a generation. Exactly one, always.
struct finish {
  generation::status status = status::completed;
  std::vector<choice_finish> choices;  ///< empty if none was reached
  generation::usage usage;
  std::optional<error> problem;  ///< set if failed
  std::string provider;          ///< who served the last attempt
  std::string provider_model;    ///< the provider's name of the model that answered
  std::string response_id;       ///< the provider's id of its response
  std::string extensions;        ///< JSON object of vendor fields of the whole response; may be empty
  std::uint32_t attempts = 0;
  std::vector<failed_attempt> earlier;  ///< all attempts but the last
  std::optional<std::int64_t> cost_nano_usd;
  std::chrono::milliseconds queue{0};
  std::optional<std::chrono::milliseconds> time_to_first_token;
  std::chrono::milliseconds total{0};

  finish_reason reason() const;
};

}  // namespace sluice::generation
