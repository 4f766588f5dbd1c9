// The agent's face: what the other services may ask of generations.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/task.hpp"
#include "base/error.hpp"
#include "generation/embedding.hpp"
#include "generation/log.hpp"
#include "generation/request.hpp"
#include "telemetry/trace_context.hpp"

namespace sluice::agent {

/// On whose behalf something is asked. A generation belongs to its user: to all others it does not exist.
struct caller {
  std::string user_id;
  std::string key_id;  ///< the API key that was used; empty for a token
};

/// By which a request that comes twice, because its sender could not know whether it had arrived, is known as one.
struct request_key {
  std::string value;   ///< the client's own, unguessable; of one user
  std::string digest;  ///< of all that was asked: with another one it is not the same request
};

struct start_request {
  /// In a conversation, its messages are those to be added, and the history is put before them.
  generation::request request;
  caller who;
  std::string conversation_id = {};  ///< "new" begins one; empty: the request is one turn, stored nowhere
  /// What the messages go on from: any message of the conversation (a branch); empty: nothing (a new root, as when the
  /// first message is edited); unset: the newest message.
  std::optional<std::string> parent_id = {};
  std::optional<std::string> system = {};  ///< replaces the conversation's system prompt
  std::string request_id;                  ///< of the HTTP request or socket, for the log
  telemetry::trace_context trace = {};     ///< of whoever asks
  std::optional<request_key> key = {};
  bool resumable = true;  ///< whether somebody may come back for the answer after its end
};

/// A generation that was accepted.
struct started {
  std::string generation_id;
  std::string conversation_id;  ///< empty: the request is one turn, stored nowhere
  std::string message_id;       ///< of the answer; empty likewise
  std::string model;            ///< as the client named it, or the default
  std::string provider;         ///< who was asked first
  bool repeated = false;        ///< begun by an earlier request with the same key, perhaps at another node
};

/// A generation to read from: make a `generation::cursor` on `log`.
struct followed {
  std::shared_ptr<generation::log> log;
  started about;
};

/// As 32-bit numbers: what fits into one message between nodes.
inline constexpr std::size_t embedding_bytes_max = 10U << 20;

struct embedding_answer {
  generation::embeddings made;
  std::string model;  ///< as the client named it, or the default
};

/// How many tokens a request has.
struct token_count {
  std::int64_t tokens = 0;
  bool is_estimate = false;  ///< the provider cannot tell: a token for each four bytes
};

struct model_card {
  std::string name;
  std::string provider;  ///< of its first target
};

/// Held as the object itself (one process) or as a client of the wire (separate roles); callers cannot tell which.
/// All methods are called on a worker.
class service {
 public:
  virtual ~service() = default;

  /// Accepts a request and begins to run it on the calling worker; returns before the provider has answered, and in a
  /// conversation after the messages are stored. One that was accepted under the same key within the last day, on
  /// whichever node, is not begun again: its generation is returned. One that was refused may be tried anew.
  /// Errors: not_found (model, conversation, parent), invalid_argument, conflict (the parent is still being written;
  /// the key is another request's), rate_limited (live generations of this user), unavailable (draining, database).
  virtual task<result<started>> start(start_request asked) = 0;

  /// The log of a live or ended generation. `after`: the last number the client has; beyond the log's end is
  /// invalid_argument. Of an answer whose log is gone it is made again from the stored message. Unknown and other
  /// users' generations are not_found, and those of one turn some time after their end.
  virtual task<result<followed>> follow(caller who, std::string generation_id, std::uint64_t after) = 0;

  /// Stops a generation: its log ends as `cancelled`. Cancelling one that has ended changes nothing.
  virtual task<result<void>> cancel(caller who, std::string generation_id) = 0;

  /// Each input as a vector, by the model's targets alone: another model's vectors mean something else. What was used
  /// is recorded as of a generation. Errors: not_found (model), invalid_argument, not_implemented, too_large (an answer
  /// beyond `embedding_bytes_max`), and what a provider says.
  virtual task<result<embedding_answer>> embed(caller who, generation::embedding_request asked) = 0;

  /// What the request would be as input, by the word of the provider that would be asked first. Nothing is stored.
  /// Errors: not_found (model), invalid_argument, and what a provider says.
  virtual task<result<token_count>> count_tokens(caller who, generation::request asked) = 0;

  /// The models that may be asked for, the default first.
  virtual task<result<std::vector<model_card>>> models(caller who) = 0;
};

}  // namespace sluice::agent
