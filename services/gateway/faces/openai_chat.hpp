// The face of OpenAI's chat completions: POST /v1/chat/completions and GET /v1/models.
#pragma once

#include "agent/agent_service.hpp"
#include "async/task.hpp"
#include "door/admission.hpp"
#include "gateway/settings.hpp"
#include "http/exchange.hpp"

namespace sluice::gateway::openai {

/// What the handlers need; all of it outlives them.
struct face {
  agent::service& agents;
  door::admission& door;
  const settings& told;
};

/// Streams (server-sent events) if the body says `"stream": true`, else answers whole. A failure before the first delta
/// is an HTTP error in OpenAI's shape with the status that fits; after it, an `error` event that ends the stream. A
/// client that goes away cancels its generation.
task<> chat_completions(face uses, http::exchange& with);

/// The list of models, or one of them (`{model}`).
task<> list_models(face uses, http::exchange& with);
task<> get_model(face uses, http::exchange& with);

}  // namespace sluice::gateway::openai
