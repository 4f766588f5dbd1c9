// What values of several keys must be.
#pragma once

#include <chrono>
#include <string_view>

#include "config/schema.hpp"

namespace sluice::app {

bool is_http_url(std::string_view text);

inline constexpr config::text_rule url_rule{"an http or https URL without a query", is_http_url};

inline constexpr std::chrono::milliseconds wait_min{1};
inline constexpr std::chrono::milliseconds wait_max = std::chrono::hours(24);

}  // namespace sluice::app
