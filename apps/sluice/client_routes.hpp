// The routes that clients can ask, by name: what `limits` can be about, known before there is a server.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "http/router.hpp"

namespace sluice::app {

struct client_route {
  std::string method;
  std::string pattern;  ///< as the router has it: `/v1/models/{model}`
  auto operator<=>(const client_route&) const = default;
};

/// All of them, whatever role answers: the gateway's and the administration's, those of the pages' files among them.
const std::vector<client_route>& client_routes();

/// Whether these are exactly the routes that the list above has; else an internal error that names one which is not in
/// both.
result<void> check_client_routes(std::span<const http::route> served);

}  // namespace sluice::app
