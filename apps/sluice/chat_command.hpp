// `sluice chat`: a chat in the terminal, over the full dialect of the WebSocket protocol.
#pragma once

#include <optional>
#include <ostream>
#include <string>

namespace sluice::app {

struct chat_options {
  std::string url = "http://127.0.0.1:8080";
  std::string model;
  std::string token;
  std::optional<std::string> message;  ///< none: one message per line of standard input
};

/// Streams each answer to `out` as it comes: to a terminal with its reasoning dimmed and without what terminals obey,
/// else as it was written. 0 if every answer was completed; 69 if the server could not be reached, refused, or said
/// what is not the protocol; 2 for a URL that is none or a message without words. Reconnects and resumes when the
/// socket breaks in mid-answer.
int run_chat(const chat_options& how, std::ostream& out, std::ostream& err);

}  // namespace sluice::app
