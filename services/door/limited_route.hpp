// Limits around a route's handler.
#pragma once

#include "door/admission.hpp"
#include "door/request_limits.hpp"
#include "http/router.hpp"

namespace sluice::door {

/// In whose words a refusal is said.
enum class limit_face : std::uint8_t { ours, openai, anthropic };

/// The route as it was, but for the limits that apply to it: they are charged before its handler runs and before a body
/// is read, those by user and key once the credentials are known to be good (bad ones are the handler's to refuse). A
/// refused request is answered here: 429, with what is left in the header, where it also stands on other answers.
/// With no such limit the route is returned untouched. `begins_chat`: it asks for an answer.
http::route limit_route(http::route at, const request_limits& limits, const admission& door,
                        limit_face face = limit_face::ours, bool begins_chat = false);

/// Answers a request that a limit has refused.
task<> refuse_limited(http::exchange& with, limit_face face, const request_charge& charge, error problem);

/// Says in the header of the answer, whoever gives it, how the client stands: `x-ratelimit-…-requests` as OpenAI does,
/// `anthropic-ratelimit-requests-…` as Anthropic does, or
/// `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).
void append_standing(http::header_fields& headers, limit_face face, const standing& how);

}  // namespace sluice::door
