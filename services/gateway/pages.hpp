// The pages that the gateway serves itself.
#pragma once

#include <optional>
#include <vector>

#include "http/message.hpp"
#include "http/router.hpp"

namespace sluice::gateway {

/// `/demo`: one screen in the basic dialect. Its Content-Security-Policy allows its own script and style and nothing
/// else.
http::response demo_page();

/// The chat page, whose own router looks at the path; without pages built in, the way to `/demo`.
http::response app_page(const http::request& asked);

/// For somebody who came with a browser to where there is nothing: the app with status 404, which says so in its own
/// words. Nothing for programs, for paths of the APIs, and without pages built in.
std::optional<http::response> missing_page(const http::request& asked);

/// GET routes of the files of the pages, and of the paths that the app itself knows but for `/`.
std::vector<http::route> page_routes();

}  // namespace sluice::gateway
