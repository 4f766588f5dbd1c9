// A request in the words of Anthropic's Messages API. No I/O.
// Source: `MessageCreateParams` of Anthropic's SDK.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "generation/request.hpp"

namespace sluice::agent {

inline constexpr std::string_view anthropic_dialect = "anthropic";
/// What an answer may be long where the client says nothing: Anthropic wants a limit.
inline constexpr std::int64_t anthropic_max_tokens = 8192;

/// The body of `POST /v1/messages`. What becomes of what has another form there:
///
/// - System and developer messages that stand first are `system`; a later one is a user's message, for models of this
///   API follow it there.
/// - Results of tools go into a user's message, before what else it says; neighbours of one role are one message.
/// - `reasoning.budget_tokens` is `thinking`; without one, `reasoning.effort` is `output_config.effort` ("minimal" is
///   "low", "none" switches thinking off).
/// - `response_format` with a schema is `output_config.format`. Stop sequences of white space only, which the API
///   refuses, are left out.
/// - Reasoning of an earlier turn is handed back if it has its signature, else left out: nobody could check it.
/// - A client of this dialect has its own fields sent on as they came: `extensions`, those of parts and tools.
///   `thinking` and `output_config` of such a client count before what is derived from neutral fields.
///
/// Left out, for they change how likely words are and not what is asked: frequency_penalty, presence_penalty, seed,
/// metadata. Refused as invalid_argument with `param`: `n` above 1, logprobs, JSON without a schema, audio, custom
/// tools, parts and tools of other dialects.
result<std::string> make_anthropic_body(const generation::request& asked, std::string_view model);

/// The body of `POST /v1/messages/count_tokens`: what of the above counts.
result<std::string> make_anthropic_count_body(const generation::request& asked, std::string_view model);

}  // namespace sluice::agent
