// What the agent has stored, as our HTTP API shows it.
#pragma once

#include <boost/json/object.hpp>

#include "agent/conversation_service.hpp"

namespace sluice::gateway {

// What there is not is null; times are RFC 3339 in UTC.
boost::json::object to_json(const agent::conversation_card& card);
/// `content` is the list of neutral parts of generation/content_json.hpp.
boost::json::object to_json(const agent::stored_message& message);
boost::json::object to_json(const agent::generation_record& record);
boost::json::object to_json(const agent::usage_row& row);

}  // namespace sluice::gateway
