// What the statements of the conversation store share: rows, and how plain types become columns.
#pragma once

#include <chrono>
#include <string>

#include <soci/soci.h>

#include "agent/conversation_store.hpp"

namespace sluice::agent::sql {

inline long long to_ms(time_point at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}
inline time_point from_ms(long long ms) {
  return time_point(std::chrono::milliseconds(ms));
}

std::unexpected<error> no_conversation(const std::string& id);

/// A message's columns: text as it is where that is all there is, else JSON beside the text.
struct message_columns {
  std::string words;
  std::string body;
  long long context_bytes = 0;
};
message_columns columns_of(const generation::message& from);
result<generation::message> message_of(const std::string& role, const std::string& words, const std::string& body);

/// In the caller's transaction: notes that `begun` is what came of the key's request, or says what has come of it
/// before.
result<std::optional<started>> claim_key(soci::session& in, const caller& who, const request_key& key,
                                         const started& begun, time_point now);
/// In the caller's transaction.
void record_generations(soci::session& in, const ended_generations& ended);
result<conversation_card> read_card(soci::session& in, const std::string& user_id, const std::string& id);

}  // namespace sluice::agent::sql
