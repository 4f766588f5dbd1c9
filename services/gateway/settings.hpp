// What the gateway can be told. Filled from the configuration by whoever wires it.
#pragma once

#include <chrono>
#include <cstdint>

#include "door/settings.hpp"
#include "gateway/chat_dialogue.hpp"

namespace sluice::gateway {

struct settings : door::settings {
  bool allow_query_token = false;
  std::size_t message_bytes_max = 262'144;  ///< of one WebSocket message
  std::uint32_t sockets_max = 100'000;
  std::uint32_t sockets_per_user_max = 32;
  dialogue_limits dialogue;

  std::chrono::milliseconds heartbeat{30'000};          ///< a silent peer is pinged after this, and closed after two
  std::chrono::milliseconds write_timeout{30'000};      ///< a peer that takes nothing for so long is closed
  std::chrono::milliseconds message_timeout{10'000};    ///< for a message that was begun, beside the least rate
  std::uint64_t bytes_per_second_min = 1024;            ///< the least rate of messages and writes
  std::chrono::milliseconds close_timeout{2'000};       ///< how long a peer may take to answer our close frame
  std::chrono::milliseconds session_check{1'800'000};   ///< how often it is asked whether a socket's session stands
  std::chrono::milliseconds stream_keep_alive{15'000};  ///< a comment on a silent event stream
  std::chrono::milliseconds resume_window{300'000};     ///< told to clients: how long an ended answer can be resumed
};

}  // namespace sluice::gateway
