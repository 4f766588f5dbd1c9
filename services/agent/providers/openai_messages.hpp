// The messages of a request as OpenAI's chat has them. See `openai_request.hpp` for what becomes of what.
#pragma once

#include <string>

#include "agent/providers/openai_request.hpp"

namespace sluice::agent {

/// Appends the JSON array.
result<void> append_openai_messages(std::string& out, const generation::request& asked, openai_server server);

}  // namespace sluice::agent
