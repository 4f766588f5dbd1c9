// Moments as they stand in our APIs.
#pragma once

#include <chrono>
#include <string>

namespace sluice {

/// RFC 3339 in UTC with milliseconds: "2026-11-23T06:42:01.250Z". Rounds down.
std::string format_timestamp(std::chrono::system_clock::time_point moment);

}  // namespace sluice
