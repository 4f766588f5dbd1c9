// Requests as the Gemini API words them: JSON → the neutral model. No I/O.
#pragma once

#include <string_view>

#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "generation/request.hpp"

namespace sluice::gateway::gemini {

/// The body of `:generateContent` and `:streamGenerateContent`; `model` stands in its path. Source:
/// `GenerateContentParameters` of Google's SDK. Names may be written in camelCase or snake_case. What has no neutral
/// name stays in `extensions` (dialect "gemini", camelCase), for a Gemini provider: `safetySettings`, `cachedContent`,
/// what is left of `generationConfig` and `toolConfig`. `thinkingConfig` and the schemas of OpenAPI's kind are there as
/// they came besides. Errors are invalid_argument with the path of the field in `param`.
result<generation::request> parse_generate_request(const boost::json::object& body, std::string_view model);

/// The body of `:countTokens`: contents, or a whole `generateContentRequest`.
result<generation::request> parse_count_request(const boost::json::object& body, std::string_view model);

}  // namespace sluice::gateway::gemini
