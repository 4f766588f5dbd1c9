// Text from outside, made fit for one line of a log.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::telemetry {

/// Where the text will stand: in a line for terminals, or inside a JSON string.
enum class escape_for { terminal, json };

/// Appends at most `bytes_max` of `text`, then "…". Escaped are control characters (C0, DEL, C1), line and paragraph
/// separators, what changes the direction of writing, quotes, backslashes and bytes that are no UTF-8.
void append_escaped(std::string& out, std::string_view text, escape_for place, std::size_t bytes_max);

}  // namespace sluice::telemetry
