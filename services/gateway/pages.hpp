// The pages that the gateway serves itself.
#pragma once

#include <string_view>
#include <vector>

#include "gateway/web_files.hpp"
#include "http/message.hpp"
#include "http/router.hpp"

namespace sluice::gateway {

/// `/demo`: one screen in the basic dialect. Its Content-Security-Policy allows its own script and style and nothing
/// else.
http::response demo_page();

/// The chat page, whose own router looks at the path; without pages built in, the way to `/demo`.
http::response app_page(const http::request& asked);

/// GET routes of the files of the pages, and of the paths that the app itself knows but for `/`.
std::vector<http::route> page_routes();

/// A file in the best form that the client takes, or 304 if it has it already.
http::response serve_file(const web_file& file, const http::request& asked);

/// Whether an Accept-Encoding allows `coding` (RFC 9110, section 12.5.3). Without the field: no.
bool accepts_coding(std::string_view accept_encoding, std::string_view coding);

}  // namespace sluice::gateway
