// Where conversations, answers and usage are kept, in business words.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/conversation_search.hpp"
#include "agent/conversation_service.hpp"
#include "agent/usage_reports.hpp"
#include "generation/delta.hpp"

namespace sluice::agent {

/// A message as it is added. The logic makes ids and times; a store writes them as they are.
struct new_message {
  std::string id;
  generation::message said;
};

/// What is stored before a provider is asked.
struct new_turn {
  caller who;
  std::string conversation_id;
  bool begins_conversation = false;
  std::string title;                     ///< of a new conversation
  std::optional<std::string> system;     ///< replaces the conversation's prompt
  std::optional<std::string> parent_id;  ///< of the first of `said`; unset: the newest message; empty: none
  std::vector<new_message> said;         ///< each the parent of the next, the last one of the answer
  std::string answer_id;
  std::string generation_id;
  std::string model;
  std::string provider;
  std::string owner;  ///< the agent's process that writes the answer
  std::optional<request_key> key = {};
  time_point now;
};

/// Where a turn came to stand.
struct turn_place {
  std::string system;
  std::string parent_id;               ///< what `said` goes on from; empty: nothing
  std::optional<started> before = {};  ///< the key's request was begun earlier, as this; nothing was added
};

/// A generation that has ended, as it is recorded. One without conversation is recorded as usage only.
struct ended_generation {
  std::string id;
  caller who;
  std::string conversation_id;
  std::string message_id;
  std::string model;
  generation::message answer;
  generation::finish how;
  std::uint64_t last_number = 0;  ///< of its log
  time_point ended_at;
};
using ended_generations = std::vector<std::shared_ptr<const ended_generation>>;

/// An answer as the store has it.
struct stored_generation {
  generation_record about;
  generation::message answer;
  std::optional<generation::finish> how;  ///< unset: running, or interrupted
  std::uint64_t last_number = 0;
};

/// What is another user's is not found. Errors of the database come as `unavailable` where trying again may help.
class conversation_store {
 public:
  virtual ~conversation_store() = default;

  /// Adds the turn's messages, the answer's (empty, `streaming`) and its generation, in one transaction, after
  /// `unrecorded`: answers of the same conversation whose record is still on its way.
  /// Without `parent_id` the turn goes on from the newest message; if that is still being written, the turn becomes a
  /// sibling of the one it belongs to. Errors: not_found (conversation, parent), conflict (the parent is still being
  /// written; the key is another request's). Of a key's request that was begun before, nothing is added again.
  virtual task<result<turn_place>> begin_turn(new_turn added, ended_generations unrecorded) = 0;

  /// The same for a request that is stored nowhere else: notes that `begun` is what came of it, or says what has come
  /// of it before. Outlives this process, not a power cut. Errors: conflict (the key is another request's).
  virtual task<result<std::optional<started>>> claim_key(caller who, request_key key, started begun,
                                                         time_point now) = 0;
  virtual task<result<std::optional<started>>> find_begun(caller who, request_key key) = 0;
  virtual task<result<void>> forget_keys(time_point before) = 0;

  /// The way from the root to `message_id`, oldest first; what is further away than `bytes_max` of context is left out.
  virtual task<result<std::vector<generation::message>>> read_path(std::string conversation_id, std::string message_id,
                                                                   std::uint64_t bytes_max) = 0;

  /// Answers, status and usage, all of them in one transaction. Recording again changes nothing; what was taken for
  /// interrupted meanwhile is corrected.
  virtual task<result<void>> record(ended_generations ended) = 0;
  /// Whether it can be written at all.
  virtual task<result<void>> check() = 0;

  /// What an earlier process left running is marked `interrupted`, with a usage record of nothing. How many. Blocking.
  virtual result<std::uint64_t> close_interrupted(time_point now) = 0;
  /// The same of what one owner left running.
  virtual task<result<std::uint64_t>> close_interrupted_of(std::string owner, time_point now) = 0;
  /// Of everything that is running.
  virtual task<result<std::vector<std::string>>> list_owners() = 0;

  /// Without looking at `query`.
  virtual task<result<conversation_page>> list_conversations(caller who, list_conversations_request asked) = 0;
  /// One slice of a search: some milliseconds of it.
  virtual task<result<conversation_search>> search_further(caller who, conversation_search so_far) = 0;
  virtual task<result<conversation_tree>> read_conversation(caller who, std::string conversation_id, std::string cursor,
                                                            std::uint32_t limit) = 0;
  virtual task<result<conversation_card>> change_conversation(caller who, std::string conversation_id,
                                                              conversation_change wanted) = 0;
  /// Removes all but the usage records, and the keys of its requests until they are forgotten.
  virtual task<result<void>> remove_conversation(caller who, std::string conversation_id) = 0;
  virtual task<result<stored_generation>> read_generation(caller who, std::string generation_id) = 0;
  /// Days since 1970, both included.
  virtual task<result<std::vector<usage_row>>> read_usage(caller who, std::int64_t from_day, std::int64_t to_day) = 0;
  /// Of everybody, as `usage_reports` says it; each of `by` at most once.
  virtual task<result<usage_report>> report_usage(usage_report_request asked, std::int64_t from_day,
                                                  std::int64_t to_day) = 0;
};

}  // namespace sluice::agent
