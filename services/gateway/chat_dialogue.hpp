// What is said on one chat socket: the rules of PROTOCOL §1 without I/O.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/agent_service.hpp"
#include "async/wakeup.hpp"
#include "gateway/chat_frames.hpp"
#include "gateway/frame_batch.hpp"
#include "telemetry/span.hpp"

namespace sluice::gateway {

struct dialogue_limits {
  std::size_t streams_max = 32;  ///< live requests on the socket
  door::json_limits json;
};

/// What the client asked that only the agent can answer.
struct start_command {
  std::optional<std::string> id;
  chat_payload chat;
  telemetry::trace_context trace;  ///< the client's
};
struct resume_command {
  std::optional<std::string> id;
  std::string generation_id;
  std::uint64_t after = 0;
};
struct cancel_command {
  std::optional<std::string> id;
  std::string generation_id;
};
using chat_command = std::variant<start_command, resume_command, cancel_command>;

/// Fed with messages and the agent's answers, it writes frames and says what to ask of the agent. It holds a cursor per
/// live request and nothing of what they read. Lives on its socket's worker.
class chat_dialogue {
 public:
  chat_dialogue(chat_dialect dialect, const dialogue_limits& limits) : dialect_(dialect), limits_(limits) {}

  /// One text message. What can be answered at once is written to `out`; a start or resume that is returned holds a
  /// place among the live requests until `open` or `refuse` is called for its id.
  std::optional<chat_command> receive(std::string_view text, frame_batch& out);
  /// The agent accepted: from here on `fill` sends the deltas after `after`. `trace` ends with the last of them.
  void open(const std::optional<std::string>& id, const agent::followed& source, std::uint64_t after,
            async::wakeup& growth, frame_batch& out, telemetry::span trace = {});
  /// The agent refused.
  void refuse(const std::optional<std::string>& id, const error& problem, frame_batch& out);
  /// An error that answers a command which holds no place.
  void complain(const std::optional<std::string>& id, const error& problem, frame_batch& out) const;

  /// Writes what the cursors have to say, until `out` has `bytes_max` or all have caught up; each live request gets its
  /// turn.
  void fill(frame_batch& out, std::size_t bytes_max);
  bool has_streams() const { return !streams_.empty(); }
  std::size_t live() const { return streams_.size() + pending_.size(); }
  chat_dialect dialect() const { return dialect_; }

 private:
  struct stream {
    std::optional<std::string> id;
    agent::started about;
    frame_owner owner;
    std::unique_ptr<generation::cursor> reader;
    telemetry::span trace;
  };
  std::optional<chat_command> receive_chat(client_frame& frame, frame_batch& out);
  std::optional<chat_command> receive_resume(const client_frame& frame, frame_batch& out);
  std::optional<chat_command> receive_cancel(const client_frame& frame, frame_batch& out) const;
  /// Whether a new request may begin under `id`; says so to the client if not.
  bool reserve(const std::optional<std::string>& id, frame_batch& out);
  void release(const std::optional<std::string>& id);
  void fill_from(stream& from, frame_batch& out, std::size_t bytes_max);

  chat_dialect dialect_;
  const dialogue_limits& limits_;
  std::vector<std::optional<std::string>> pending_;  // asked of the agent, not yet answered
  std::vector<stream> streams_;
};

}  // namespace sluice::gateway
