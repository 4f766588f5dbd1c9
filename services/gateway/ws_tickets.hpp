// Tickets for sockets: a browser cannot send a header with a WebSocket, and a token in a URL ends up in logs.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "async/task.hpp"
#include "base/error.hpp"
#include "base/secret_string.hpp"
#include "door/admission.hpp"
#include "door/principal.hpp"
#include "http/router.hpp"
#include "state/shared_state.hpp"

namespace sluice::gateway {

struct ws_ticket {
  secret_string ticket;
  std::chrono::system_clock::time_point expires_at;
};

/// Any worker.
class ws_tickets {
 public:
  explicit ws_tickets(state::shared_state& state) : state_(state) {}

  /// A ticket for `who`, good for 30 seconds and one use. Errors: rate_limited for who asks for very many; unavailable.
  task<result<ws_ticket>> issue(const door::principal& who);
  /// Whom the ticket was given to, for the first who asks. The error is unauthenticated.
  task<result<std::shared_ptr<const door::principal>>> redeem(std::string_view ticket);

 private:
  state::shared_state& state_;
};

/// `POST /v1/ws-tickets`. What it is given outlives it.
http::route ticket_route(ws_tickets& tickets, const door::admission& door);

}  // namespace sluice::gateway
