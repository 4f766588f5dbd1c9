// Where a request carries its credentials.
#pragma once

#include <string_view>

#include "http/message.hpp"

namespace sluice::door {

/// The bearer token of `Authorization`, else `x-api-key` (Anthropic's SDK), else `x-goog-api-key` (Google's), else
/// empty.
std::string_view find_credential(const http::request& asked);

}  // namespace sluice::door
