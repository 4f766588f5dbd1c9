// The way in to a chat socket: GET /chat with an upgrade.
#pragma once

#include "async/task.hpp"
#include "door/admission.hpp"
#include "door/request_limits.hpp"
#include "gateway/chat_sockets.hpp"
#include "gateway/settings.hpp"
#include "gateway/socket_places.hpp"
#include "gateway/ws_tickets.hpp"
#include "http/exchange.hpp"

namespace sluice::gateway {

/// What lets somebody in; all of it outlives the upgrade.
struct chat_door {
  const settings& told;
  door::admission& door;
  socket_places& places;
  ws_tickets& tickets;
  const door::request_limits& limits;
  const door::limit_scope& scope;  ///< of the route
};

/// Checks, in this order: the limits by address and of all, that it is a WebSocket's handshake and a subprotocol that
/// is spoken here, the Origin, the credentials (header, `?ticket=`, or `?token=` where that is allowed), the caps, the
/// limits by user and key. Everything that is refused is refused before the upgrade, with a JSON body. `sockets` are
/// the calling worker's.
task<> upgrade_to_chat(chat_door by, chat_sockets& sockets, http::exchange& with);

}  // namespace sluice::gateway
