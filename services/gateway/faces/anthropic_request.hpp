// Requests as Anthropic's Messages API words them: JSON → the neutral model. No I/O.
#pragma once

#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "generation/request.hpp"

namespace sluice::gateway::anthropic {

/// The body of `POST /v1/messages`. Source: `MessageCreateParams` of Anthropic's SDK. A user's message that brings
/// results of tools becomes one message of role `tool` for each, and one for the rest. Fields without a neutral name
/// stay in `extensions`, dialect "anthropic"; `thinking` and `output_config` are there as they came besides, for a
/// provider of this dialect is to have them to the letter. Errors are invalid_argument with the path of the field in
/// `param`, as Anthropic writes it: `messages.0.content.1.text`. `stream` is the face's business and is skipped here.
result<generation::request> parse_messages_request(const boost::json::object& body);

/// The body of `POST /v1/messages/count_tokens`: the same without `max_tokens`.
result<generation::request> parse_count_request(const boost::json::object& body);

}  // namespace sluice::gateway::anthropic
