// A chat within a conversation: what is stored of it, and what of the conversation is sent with it. No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/agent_service.hpp"
#include "agent/conversation_store.hpp"

namespace sluice::agent {

/// Bytes stand for tokens, four to one: close for English, above for most other scripts, and no tokenizer needs to be
/// known. An image counts as a thousand tokens, thoughts as none, for they are not sent again.
inline constexpr std::uint64_t bytes_per_token = 4;
std::uint64_t context_bytes(const generation::message& message);

/// What `asked` adds to its conversation, with new ids for the conversation (if it begins one), the messages and the
/// answer. The caller fills in the generation. Errors: invalid_argument for messages that cannot be added.
result<new_turn> make_turn(const start_request& asked, time_point now);

/// The first line of what was said, at most 60 characters, cut between words.
std::string make_title(const std::vector<new_message>& said);

/// How much of the conversation fits into a context of `context_tokens` beside the request itself and its answer.
std::uint64_t history_bytes_max(const generation::request& asked, std::uint64_t context_tokens);

/// Whether the answer holds what only its provider knows.
bool has_vendor_fields(const generation::message& answer);

/// Takes out of the answers of other providers what `provider` would refuse, not knowing it; an answer of nothing else
/// is taken out whole.
void drop_vendor_fields_of_others(std::vector<generation::message>& history, std::string_view provider);

/// Puts the conversation before the request's own messages: the prompt, then as many of the newest whole turns as fit
/// into `bytes_max`. A tool's results stay with the calls; calls that nobody answered, and answers without content, are
/// left out.
void add_history(generation::request& asked, const std::string& system, std::vector<generation::message> history,
                 std::uint64_t bytes_max);

}  // namespace sluice::agent
