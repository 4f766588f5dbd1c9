// A request in the words of the Gemini API. No I/O.
// Source: `GenerateContentParameters` of Google's SDK, and what it makes of them for the Gemini API.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "generation/request.hpp"

namespace sluice::agent {

inline constexpr std::string_view gemini_dialect = "gemini";

/// Where `model` is asked, behind the version of the API: `/models/{model}:{method}`, the model escaped. A model may
/// name its collection itself, as in `tunedModels/mine`.
std::string gemini_path(std::string_view model, std::string_view method);

/// Of Gemini 3 and later, which want thought signatures back, and effort in place of a budget.
bool is_gemini_3_or_later(std::string_view model);

/// The body of `:generateContent` and `:streamGenerateContent`. What becomes of what has another form there:
///
/// - System and developer messages that stand first are `systemInstruction`; a later one is said by the user.
/// - Assistant is `model`, all others are `user`; neighbours of one role are one content. Results of tools have
///   contents of their own, since the API counts them against the calls before.
/// - A tool's result is `{"output":…}`, with `is_error` `{"error":…}`; one that is a JSON object goes as it is. It is
///   named after the call that it answers. Images in it are `parts` of it.
/// - Thoughts of an earlier turn go back with their signature, else not at all. The signature of a call is its own,
///   else `extra_content.google.thought_signature` as Google's own OpenAI endpoint has it. Gemini 3 refuses a call
///   without one; where it is lost, or another model made the call, Google's word for "do not check" stands for it.
/// - `reasoning.budget_tokens` is `thinkingBudget`. Without one, `reasoning.effort` is `thinkingLevel` for Gemini 3 and
///   later, for others the budget that Google's own OpenAI endpoint makes of it; "none" is a budget of 0. Whoever asks
///   for either, or for a summary, is shown the thoughts.
/// - `response_format` is `responseMimeType` and `responseJsonSchema`.
/// - A client of this dialect has its own fields sent on as they came, those of parts and tools too; within
///   `generationConfig` and `toolConfig` they join what is derived from neutral fields, and its `thinkingConfig`
///   counts before that.
///
/// Left out, for nothing there says them: `strict` of tools, `detail` of images, names of files and of speakers,
/// metadata, end_user. Refused as invalid_argument with `param`: parallel_tool_calls that are forbidden, files of
/// another provider's store, parts and tools of other dialects, results without a call.
result<std::string> make_gemini_body(const generation::request& asked, std::string_view model);

/// The body of `:countTokens`: the whole of the above as `generateContentRequest`.
result<std::string> make_gemini_count_body(const generation::request& asked, std::string_view model);

}  // namespace sluice::agent
