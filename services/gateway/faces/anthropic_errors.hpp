// Errors as Anthropic's API words them: `{"type":"error","error":{"type","message"},"request_id"}`.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "http/message.hpp"

namespace sluice::gateway::anthropic {

/// The body alone; also what ends a stream that failed. Its shape has no place for the name of a field, so the message
/// begins with it. Without `request_id` there is none in it: the header `request-id` says it.
std::string error_body(const error& problem, std::string_view request_id = {});

/// With the status that Anthropic has for it (529 where something is away or overloaded) and retry-after in whole
/// seconds.
http::response error_response(const error& problem);
/// The same under a status that only HTTP has (405, 408, 431, …).
http::response error_response(unsigned status, const error& problem);

/// Whether a path is one that Anthropic's SDK calls and OpenAI's does not.
bool is_path_of_face(std::string_view path);

}  // namespace sluice::gateway::anthropic
