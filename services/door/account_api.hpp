// Accounts over HTTP (PROTOCOL §3): registering, signing in and out, oneself, API keys.
#pragma once

#include <vector>

#include "door/admission.hpp"
#include "door/settings.hpp"
#include "http/exchange.hpp"
#include "http/router.hpp"
#include "identity/identity_service.hpp"

namespace sluice::door {

/// What the handlers need; all of it outlives them.
struct account_api {
  identity::service& people;
  admission& door;
  const settings& told;
};

/// Nothing that they answer may be kept by a cache.
std::vector<http::route> account_routes(account_api uses);
/// Those of them that a page needs whose visitors have accounts already: signing in, staying in and out, oneself.
std::vector<http::route> session_routes(account_api uses);

// session_api.cpp: how a session begins, goes on and ends.
task<> register_user(account_api uses, http::exchange& with);
task<> log_in(account_api uses, http::exchange& with);
task<> refresh_session(account_api uses, http::exchange& with);
task<> log_out(account_api uses, http::exchange& with);
task<> log_out_everywhere(account_api uses, http::exchange& with);

/// Who asks, if it is somebody who has signed in; else null, and the client has been answered. A key that leaked must
/// not outlive its revocation by keys that it made, nor take the account.
task<std::shared_ptr<const principal>> admit_session(account_api uses, http::exchange& with);
identity::origin origin_of(const http::request& asked);

/// No body of these APIs needs more.
inline constexpr std::size_t account_body_bytes_max = std::size_t{16} * 1024;

}  // namespace sluice::door
