// The agent's words as messages of the wire, and back.
#pragma once

#include <optional>
#include <string>

#include "agent/agent_service.hpp"
#include "agent/conversation_service.hpp"
#include "agent/v1/agent.pb.h"
#include "agent/v1/conversations.pb.h"
#include "generation/mirror.hpp"

namespace sluice::agent {

v1::Caller to_message(const caller& who);
caller from_message(const v1::Caller& message);

v1::StartRequest to_message(const start_request& asked);
/// Errors: internal, for what no node of ours sends.
result<start_request> from_message(const v1::StartRequest& message);

v1::Started to_message(const started& about);
started from_message(const v1::Started& message);

v1::DeltaRange to_message(generation::delta_range range);
result<generation::delta_range> from_message(v1::DeltaRange& message);

v1::ConversationCard to_message(const conversation_card& card);
conversation_card from_message(const v1::ConversationCard& message);

v1::ConversationTree to_message(const conversation_tree& tree);
result<conversation_tree> from_message(const v1::ConversationTree& message);

v1::Generation to_message(const generation_record& record);
result<generation_record> from_message(const v1::Generation& message);

v1::UsageOfDay to_message(const usage_row& row);
result<usage_row> from_message(const v1::UsageOfDay& message);

}  // namespace sluice::agent
