// The face of Anthropic's Messages API: POST /v1/messages, POST /v1/messages/count_tokens.
#pragma once

#include "gateway/faces/answering.hpp"

namespace sluice::gateway::anthropic {

/// Streams if the body says `"stream": true`, else answers whole: see `answer`. The credential is taken from
/// `x-api-key` or `Authorization`, as its SDKs send it.
task<> create_message(face_uses uses, http::exchange& with);

/// `{"input_tokens":…}`: what the request would be, by the word of the provider; see `count_header` for where it cannot
/// tell.
task<> count_tokens(face_uses uses, http::exchange& with);

}  // namespace sluice::gateway::anthropic
