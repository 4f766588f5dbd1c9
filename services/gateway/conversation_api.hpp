// Conversations, generations and usage over HTTP (PROTOCOL §3).
#pragma once

#include <vector>

#include "agent/agent_service.hpp"
#include "agent/conversation_service.hpp"
#include "door/admission.hpp"
#include "gateway/settings.hpp"
#include "http/exchange.hpp"
#include "http/router.hpp"

namespace sluice::gateway {

/// What the handlers need; all of it outlives them.
struct conversation_api {
  agent::service& agents;
  agent::conversation_service& stored;
  door::admission& door;
  const settings& told;
};

/// Everybody sees their own only: what is another's is 404. Lists come by pages, with `next_cursor` null on the last.
std::vector<http::route> conversation_routes(conversation_api uses);

/// conversation_export.cpp: `?format=json`, every message of the tree, or `markdown`, the branch that was spoken last.
task<> export_conversation(conversation_api uses, http::exchange& with);

/// Who asks; else null, and the client has been answered.
task<std::shared_ptr<const door::principal>> admit_reader(conversation_api uses, http::exchange& with);

}  // namespace sluice::gateway
