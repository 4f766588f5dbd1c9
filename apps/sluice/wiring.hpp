// From the configuration's words to the services' own settings.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "admin/settings.hpp"
#include "agent/settings.hpp"
#include "app/listeners.hpp"
#include "app/settings.hpp"
#include "gateway/settings.hpp"
#include "identity/settings.hpp"
#include "rpc/channel.hpp"
#include "rpc/server.hpp"
#include "store/database.hpp"

namespace sluice::app {

agent::settings make_agent_settings(const settings& told);
identity::settings make_identity_settings(const settings& told);
gateway::settings make_gateway_settings(const settings& told);
admin::settings make_admin_settings(const settings& told);
/// Listens at `server.listen`: a role's own address.
rpc::server_settings make_rpc_server_settings(const settings& told);
/// Towards the service that is called `peer`; `addresses` from `services`, or where a node says that it is.
rpc::channel_settings make_channel_settings(const settings& told, std::string peer, std::vector<std::string> addresses);
/// Paths that begin at `data_dir` are put behind it.
store::database_settings make_database_settings(const settings& told);
/// Reads the certificate. The error says which setting is wrong.
std::expected<listener_settings, std::string> make_listener_settings(const settings& told);

}  // namespace sluice::app
