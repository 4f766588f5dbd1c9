// The face of OpenAI's chat completions: POST /v1/chat/completions and GET /v1/models.
#pragma once

#include "gateway/faces/answering.hpp"

namespace sluice::gateway::openai {

/// Streams if the body says `"stream": true`, else answers whole: see `answer`.
task<> chat_completions(face_uses uses, http::exchange& with);

/// The list of models, or one of them (`{model}`).
task<> list_models(face_uses uses, http::exchange& with);
task<> get_model(face_uses uses, http::exchange& with);

}  // namespace sluice::gateway::openai
