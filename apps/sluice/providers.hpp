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
#include "base/error.hpp"
#include "http/proxy.hpp"

namespace sluice::app {

/// As the standard variables name them.
result<http::proxy_rules> proxies_of_environment();

/// `workers` and `lookups` outlive it. The error's `param` is the key that is wrong: "providers.openai.ca_file".
result<std::shared_ptr<agent::provider>> make_provider(const std::string& name, const provider_settings& told,
                                                       const http::proxy_rules& proxies, async::worker_pool& workers,
                                                       async::blocking_pool& lookups);

/// All of them. `workers` and `lookups` outlive them. The error says which provider's setting is wrong.
std::expected<std::vector<std::shared_ptr<agent::provider>>, std::string> make_providers(const settings& told,
                                                                                         async::worker_pool& workers,
                                                                                         async::blocking_pool& lookups);

}  // namespace sluice::app
