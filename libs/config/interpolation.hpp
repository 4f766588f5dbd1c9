// `${…}` inside a scalar.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "config/document.hpp"

namespace sluice::config {

/// `text` with every reference replaced; the error says which one leads nowhere. What was put in is not looked at
/// again.
std::expected<std::string, std::string> interpolate(std::string_view text, const references& known);

}  // namespace sluice::config
