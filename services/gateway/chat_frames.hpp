// The frames of our WebSocket protocol as text (PROTOCOL §1): reading the client's, writing ours. No I/O, no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "agent/agent_service.hpp"
#include "base/error.hpp"
#include "door/field_reader.hpp"
#include "gateway/chat_request.hpp"
#include "generation/cursor.hpp"
#include "generation/delta.hpp"
#include "telemetry/trace_context.hpp"

namespace sluice::gateway {

enum class chat_dialect : std::uint8_t {
  basic,  ///< no subprotocol: chat, done, error, pong; one turn, no ids
  full,   ///< `sluice.v1`
};

/// A client's frame, taken apart as far as all types have it in common.
struct client_frame {
  std::string type;
  std::optional<std::string> id;
  telemetry::trace_context trace;  ///< of its `traceparent` and `tracestate`
  boost::json::value payload;      ///< null if it was left out
};

inline constexpr std::size_t request_id_characters_max = 64;

/// Errors: invalid_argument for what is not such a frame.
result<client_frame> parse_client_frame(std::string_view text, const door::json_limits& limits);

/// The `id` of a text that is no frame, if it can be read before the place where it goes wrong: so that its client
/// knows which of its requests is refused.
std::optional<std::string> find_request_id(std::string_view text, const door::json_limits& limits);

/// Who a server's frame belongs to, ready to be copied into each: `,"id":"a","generation_id":"gen_…"`.
class frame_owner {
 public:
  frame_owner(const std::optional<std::string>& id, std::string_view generation_id);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void append_started(std::string& out, const frame_owner& owner, const agent::started& about);
/// `source` is the log that `found` is a run of. Kinds that the protocol does not show append nothing and return false.
bool append_delta(std::string& out, chat_dialect dialect, const frame_owner& owner, std::string_view model,
                  const generation::log& source, const generation::run& found);
/// The terminal frame: `done`, or in the basic dialect `error` where the answer failed or was cancelled.
void append_done(std::string& out, chat_dialect dialect, const frame_owner& owner, std::uint64_t seq,
                 std::string_view model, const generation::finish& how);
/// A request that never became a generation.
void append_error(std::string& out, const std::optional<std::string>& id, const error& problem);
void append_pong(std::string& out, const std::optional<std::string>& id, const boost::json::value& payload);
void append_notice(std::string& out, std::string_view kind, std::string_view name, std::int64_t value);

}  // namespace sluice::gateway
