// The providers of the configuration as objects.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "agent/provider.hpp"
#include "app/settings.hpp"
#include "async/blocking_pool.hpp"
#include "async/worker_pool.hpp"

namespace sluice::app {

/// `workers` and `lookups` outlive them. The error says which provider's setting is wrong.
std::expected<std::vector<std::shared_ptr<agent::provider>>, std::string> make_providers(const settings& told,
                                                                                         async::worker_pool& workers,
                                                                                         async::blocking_pool& lookups);

}  // namespace sluice::app
