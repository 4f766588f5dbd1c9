// Event streams as we send them: fields appended to an output buffer.
#pragma once

#include <string>
#include <string_view>

namespace sluice::http {

/// Begins an event: its `id:` and `event:` fields (each left out if empty; neither may hold a line break) and `data: `.
/// The caller appends one line of data, such as JSON, straight to `out` and calls `end_sse_event`.
void begin_sse_event(std::string& out, std::string_view name = {}, std::string_view id = {});
void end_sse_event(std::string& out);

/// Appends a whole event. Data with line breaks becomes several `data:` lines.
void append_sse_event(std::string& out, std::string_view data, std::string_view name = {}, std::string_view id = {});

/// Appends a comment, which clients ignore: it keeps a silent stream alive.
void append_sse_comment(std::string& out, std::string_view text = {});

}  // namespace sluice::http
