// Which pages of other origins may use this server from a browser (https://fetch.spec.whatwg.org/#http-cors-protocol).
#pragma once

#include <string>
#include <vector>

#include "http/message.hpp"

namespace sluice::http {

struct cors_policy {
  std::vector<std::string> origins = {};  ///< as browsers send them, or "*" for any: then without credentials
  /// What a page may read beside what it always may; parted by commas.
  std::string exposed_headers = {};
};

/// Adds to an answer's header what lets the page that asks read it, or, for a preflight, send what it wants to send.
/// Nothing is added for origins that are not allowed: the browser then refuses by itself.
void append_cors(const cors_policy& policy, const request& asked, header_fields& answer);

}  // namespace sluice::http
