// The way in to a chat socket: GET /chat with an upgrade.
#pragma once

#include "async/task.hpp"
#include "gateway/admission.hpp"
#include "gateway/chat_sockets.hpp"
#include "gateway/settings.hpp"
#include "gateway/ws_tickets.hpp"
#include "http/exchange.hpp"

namespace sluice::gateway {

/// Checks, in this order: that it is a WebSocket's handshake and a subprotocol that is spoken here, the Origin, the
/// credentials (header, `?ticket=`, or `?token=` where that is allowed), the caps. Everything that is refused is
/// refused before the upgrade, with a JSON body. `sockets` are the calling worker's.
task<> upgrade_to_chat(const settings& told, admission& door, ws_tickets& tickets, chat_sockets& sockets,
                       http::exchange& with);

}  // namespace sluice::gateway
