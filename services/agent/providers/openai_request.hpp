// Our neutral request as the body of POST /chat/completions. No I/O.
// Source: https://platform.openai.com/docs/api-reference/chat/create.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "generation/request.hpp"

namespace sluice::agent {

/// Whose server it is. OpenAI's own (and Azure's) has names that compatible servers do not know, and lacks what they
/// have.
enum class openai_server : std::uint8_t { openai, compatible };

/// By the host of the base URL.
openai_server openai_server_at(std::string_view host);

inline constexpr std::string_view openai_dialect = "openai";

/// Whether what has no neutral name in its messages, tools and formats is in OpenAI's words: our own protocol has them
/// as OpenAI does.
bool has_openai_words(const generation::request& asked);

/// The body for `model` (the provider's own name). What needs a choice:
///
/// - The output limit is `max_completion_tokens` at OpenAI, `max_tokens` at a compatible server; but a client of the
///   dialect "openai" decides, by leaving the field that it used in `extensions` (its value there does not count).
/// - The role developer is system at a compatible server. Several texts of one message stay parts at OpenAI and are
///   joined by line feeds at a compatible server, many of which take only strings.
/// - Results of tools become messages of their own, before the rest of the message that they came in; that one failed
///   has no place but its text.
/// - `top_k` goes to compatible servers as they name it; OpenAI has none: refused.
/// - `extensions` go along, but never in place of what is said here: those of messages, parts, tools and formats if
///   `has_openai_words` (a text that has some stays a part), those of the request if `dialect` is "openai". So does
///   `metadata`, which in other dialects is not meant for a provider.
/// - Streams always ask for usage.
///
/// Left out, since an answer is not wrong without: signatures, redacted and summarised thinking, thinking of earlier
/// turns from other dialects, a thinking budget in tokens, the wish for a summary, a tool call's Gemini signature.
/// Refused as invalid_argument with `param`: parts and tools of other dialects, files by URL, tool results that hold
/// more than text, tool calls outside of an assistant's message.
result<std::string> make_openai_body(const generation::request& asked, std::string_view model, openai_server server);

}  // namespace sluice::agent
