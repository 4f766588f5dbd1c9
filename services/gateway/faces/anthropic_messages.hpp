// The face of Anthropic's Messages API: POST /v1/messages.
#pragma once

#include "gateway/faces/answering.hpp"

namespace sluice::gateway::anthropic {

/// Streams if the body says `"stream": true`, else answers whole: see `answer`. The credential is taken from
/// `x-api-key` or `Authorization`, as its SDKs send it.
task<> create_message(face_uses uses, http::exchange& with);

}  // namespace sluice::gateway::anthropic
