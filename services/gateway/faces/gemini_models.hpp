// The face of the Gemini API: POST /v1beta/models/{model}:{method}, GET /v1beta/models; the same under /v1.
#pragma once

#include "gateway/faces/answering.hpp"

namespace sluice::gateway::gemini {

/// `:generateContent` answers whole, `:streamGenerateContent` as a stream: see `answer` and `content_reply`.
/// `:countTokens` says what a request would be. The model and the method are the parameter `call` of the route, behind
/// `provider` where the route has one. The credential is taken from `x-goog-api-key`, as Google's SDKs send it, or from
/// `Authorization`; never from the URL.
task<> call_model(face_uses uses, http::exchange& with);

/// All models, `pageSize` at a time.
task<> list_models(face_uses uses, http::exchange& with);
task<> get_model(face_uses uses, http::exchange& with);

}  // namespace sluice::gateway::gemini
