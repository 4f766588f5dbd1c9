// From the configuration's words to the services' own settings.
#pragma once

#include <expected>
#include <string>

#include "agent/settings.hpp"
#include "app/settings.hpp"
#include "gateway/settings.hpp"
#include "http/server.hpp"

namespace sluice::app {

agent::settings make_agent_settings(const settings& told);
gateway::settings make_gateway_settings(const settings& told);
/// The error says which setting is wrong.
std::expected<http::server_settings, std::string> make_server_settings(const settings& told);

}  // namespace sluice::app
