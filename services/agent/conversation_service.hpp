// The agent's face on what is stored: conversations, their messages, ended generations, usage.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/agent_service.hpp"
#include "async/task.hpp"
#include "base/error.hpp"
#include "generation/request.hpp"
#include "generation/usage.hpp"

namespace sluice::agent {

using time_point = std::chrono::system_clock::time_point;

struct conversation_card {
  std::string id;  ///< conv_…
  std::string title;
  bool archived = false;
  time_point created_at;
  time_point updated_at;
  std::string live_generation_id;  ///< the newest one that is still being written; else empty
};

/// `streaming` while its generation runs; `interrupted` if a crash ended it.
enum class message_status : std::uint8_t { streaming, completed, incomplete, cancelled, failed, interrupted };

std::string_view to_string(message_status value);

struct stored_message {
  std::string id;         ///< msg_…
  std::string parent_id;  ///< empty: a root
  generation::role role = generation::role::user;
  std::vector<generation::content_part> content;
  message_status status = message_status::completed;
  std::string generation_id;  ///< of an answer
  std::string model;          ///< of an answer, as it was asked for
  std::optional<generation::usage> usage;
  time_point created_at;
};

struct conversation_tree {
  conversation_card about;
  std::vector<stored_message> messages;  ///< parents before children, then by time
  std::string next;                      ///< cursor of the next page; empty: that was all
};

struct list_conversations_request {
  std::string query;  ///< words in titles or messages; empty: all
  bool archived = false;
  std::string cursor;
  std::uint32_t limit = 50;  ///< 1 to 200
};

struct conversation_page {
  std::vector<conversation_card> conversations;  ///< newest activity first
  std::string next;
};

/// What is left unset stays.
struct conversation_change {
  std::optional<std::string> title;
  std::optional<bool> archived;
};

struct generation_record {
  std::string id;
  std::string status;  ///< "running", or as `done` says it, or "interrupted"
  std::string conversation_id;
  std::string message_id;
  std::string model;
  std::string provider;
  std::string text;
  std::string reasoning;
  std::optional<generation::usage> usage;
  std::uint32_t attempts = 0;
};

struct usage_row {
  std::string day;  ///< 2026-11-23, UTC
  std::string model;
  std::string provider;
  std::uint64_t requests = 0;
  std::uint64_t failed = 0;
  generation::usage tokens;
};

/// Like `service`: the object itself or a client of the wire. What is another user's does not exist.
class conversation_service {
 public:
  virtual ~conversation_service() = default;

  virtual task<result<conversation_page>> list_conversations(caller who, list_conversations_request asked) = 0;
  /// One page of the tree: at most `limit` (1 to 1000) messages from `cursor` on, fewer where they are large.
  virtual task<result<conversation_tree>> read_conversation(caller who, std::string conversation_id, std::string cursor,
                                                            std::uint32_t limit) = 0;
  /// Errors: invalid_argument (title empty, too long, not UTF-8), not_found.
  virtual task<result<conversation_card>> change_conversation(caller who, std::string conversation_id,
                                                              conversation_change wanted) = 0;
  /// Its live generations are cancelled, its messages removed; usage records stay.
  virtual task<result<void>> delete_conversation(caller who, std::string conversation_id) = 0;

  virtual task<result<generation_record>> read_generation(caller who, std::string generation_id) = 0;
  /// By day, model and provider; `from` and `to` are UTC days, both included, at most 366 days.
  virtual task<result<std::vector<usage_row>>> read_usage(caller who, std::string from, std::string to) = 0;
};

}  // namespace sluice::agent
