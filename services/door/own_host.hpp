// Whether a request means this machine, or was led here by a name that somebody else gave us.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/router.hpp"

namespace sluice::door {

/// Whether `host` (a Host header: a name or address, perhaps with a port) is an address, a name of this machine
/// (`localhost` and what is below it, RFC 6761) or the host of one of `origins`. Any other name was made to lead here
/// by whoever owns it: a page of theirs then counts as ours to its browser (DNS rebinding).
bool is_own_host(std::string_view host, const std::vector<std::string>& origins);

/// The route as it was, but for requests by other names: 421 (RFC 9110, section 15.5.20).
http::route require_own_host(http::route at, std::vector<std::string> origins);

}  // namespace sluice::door
