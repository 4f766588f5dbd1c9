// The cookie in which our own pages keep their refresh token: no script can read it, no other site can use it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret_string.hpp"
#include "door/settings.hpp"
#include "http/message.hpp"

namespace sluice::door {

/// What the cookie holds; nothing if the request brings none. The first one counts.
std::optional<secret_string> find_refresh_cookie(const http::request& asked);

/// The fields Set-Cookie that give it and take it back: HttpOnly, SameSite=Strict, for `/v1/auth` alone, and Secure
/// where clients come by https.
std::string set_refresh_cookie(const settings& told, const http::request& asked, const secret_string& token,
                               std::chrono::seconds lifetime);
std::string clear_refresh_cookie(const settings& told, const http::request& asked);

/// Whether a page may be given the cookie: it is ours, or no page at all. Browsers name the page's origin with every
/// POST.
bool comes_from_own_page(const settings& told, const http::request& asked);
/// Whether the cookie may speak for the request: beside SameSite, for browsers that are lax about it. Without an Origin
/// only for what a form of another site cannot send. The error is permission_denied.
result<void> check_cookie_use(const settings& told, const http::request& asked);

}  // namespace sluice::door
