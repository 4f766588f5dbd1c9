// The models as Anthropic's API lists them: GET /v1/models of whoever sends `anthropic-version`.
#pragma once

#include "gateway/faces/answering.hpp"

namespace sluice::gateway::anthropic {

/// `limit` at a time, behind `after_id` or before `before_id`.
task<> list_models(face_uses uses, http::exchange& with);
task<> get_model(face_uses uses, http::exchange& with);

}  // namespace sluice::gateway::anthropic
