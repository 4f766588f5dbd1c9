// From the configuration's words to the services' own settings.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/settings.hpp"
#include "agent/rpc_client.hpp"
#include "agent/settings.hpp"
#include "app/settings.hpp"
#include "gateway/settings.hpp"
#include "http/router.hpp"
#include "http/server.hpp"
#include "identity/settings.hpp"
#include "rpc/channel.hpp"
#include "rpc/server.hpp"
#include "store/database.hpp"

namespace sluice::app {

agent::settings make_agent_settings(const settings& told);
/// Of a gateway towards agents.
agent::rpc_client_settings make_agent_client_settings(const settings& told);
identity::settings make_identity_settings(const settings& told);
gateway::settings make_gateway_settings(const settings& told);
admin::settings make_admin_settings(const settings& told);
/// Where fixed tokens are taken because nobody but this machine can connect, a page must not get here by a name that
/// its owner made to lead here: the routes, guarded against that.
std::vector<http::route> guard(const settings& told, std::vector<http::route> routes);
/// Listens at `server.listen`: a role's own address.
/// `watch` counts and traces the calls, here and below.
rpc::server_settings make_rpc_server_settings(const settings& told, rpc::instruments* watch = nullptr);
/// Towards the service that is called `peer`; `addresses` from `services`, or where a node says that it is.
rpc::channel_settings make_channel_settings(const settings& told, std::string peer, std::vector<std::string> addresses,
                                            rpc::instruments* watch = nullptr);
/// To the services that a role is told of. Errors: invalid_argument, naming the setting.
result<std::unique_ptr<rpc::channel>> make_identity_channel(const settings& told, const telemetry::logger& log,
                                                            rpc::instruments* watch = nullptr);
result<std::unique_ptr<rpc::channel>> make_agent_channel(const settings& told, const telemetry::logger& log,
                                                         rpc::instruments* watch = nullptr);
/// To the agent that says that it is at `address`, also while it drains.
result<std::unique_ptr<rpc::channel>> make_channel_to_agent(const settings& told, const std::string& address,
                                                            const telemetry::logger& log,
                                                            rpc::instruments* watch = nullptr);
/// Where other nodes reach this one, which listens at `bound`: as it is told, or by its host's name, unless it listens
/// for its own host alone.
std::string make_advertised_address(const settings& told, const std::string& bound);
/// Paths that begin at `data_dir` are put behind it.
store::database_settings make_database_settings(const settings& told);
/// For clients. Reads the certificate. The error says which setting is wrong.
std::expected<http::server_settings, std::string> make_client_server_settings(const settings& told);
/// For those who run it; nothing where there is no such address.
std::expected<std::optional<http::server_settings>, std::string> make_internal_server_settings(const settings& told);

}  // namespace sluice::app
