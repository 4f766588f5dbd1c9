// Requests as OpenAI's chat completions words them, which our own WebSocket protocol follows: JSON → the neutral model.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "agent/agent_service.hpp"
#include "base/error.hpp"
#include "generation/request.hpp"

namespace sluice::gateway {

/// The body of `POST /v1/chat/completions`. Fields without a neutral name stay in `extensions`, dialect "openai".
/// Errors are invalid_argument with the path of the field in `param`. `stream` and `stream_options` are the face's
/// business and are skipped here.
result<generation::request> parse_openai_chat(boost::json::object body);

/// A `chat` of our own protocol. With a conversation, the request's messages are those to be added to it.
struct chat_payload {
  generation::request request;
  std::string conversation_id;            ///< "new", an id, or empty: one turn
  std::optional<std::string> parent_id;   ///< set but empty: null was said, "goes on from nothing"
  std::optional<std::string> system;      ///< of the conversation; that of one turn is among the messages
  std::optional<agent::request_key> key;  ///< `idempotency_key`
};

/// The payload of a `chat` frame: `content` or `messages`, and the settings of PROTOCOL §1. Unknown fields are an
/// error: a typing mistake should not change what an answer costs.
/// `idempotency_key`, 16 to 128 visible ASCII characters: the same payload under the same key is one request, however
/// often it comes and wherever, for a day. A client that does not know whether its request arrived sends it again.
result<chat_payload> parse_chat_payload(boost::json::object payload);

}  // namespace sluice::gateway
