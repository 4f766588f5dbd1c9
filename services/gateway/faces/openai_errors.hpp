// Errors as OpenAI's API words them: `{"error":{"message","type","param","code"}}`.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "http/message.hpp"

namespace sluice::gateway::openai {

/// The body alone; also what ends a stream that failed.
std::string error_body(const error& problem);

/// With the reason's status, and retry-after in whole seconds.
http::response error_response(const error& problem);
/// The same under a status that only HTTP has (405, 408, 431, …).
http::response error_response(unsigned status, const error& problem);

/// Whether a path is one that OpenAI's SDK calls.
bool is_path_of_face(std::string_view path);

}  // namespace sluice::gateway::openai
