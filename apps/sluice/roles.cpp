#include "app/roles.hpp"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <optional>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include "agent/module.hpp"
#include "app/exit_codes.hpp"
#include "app/http_hooks.hpp"
#include "app/providers.hpp"
#include "app/version.hpp"
#include "app/wiring.hpp"
#include "async/blocking_pool.hpp"
#include "async/worker_pool.hpp"
#include "gateway/module.hpp"
#include "http/server.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/names.hpp"

namespace sluice::app {
namespace {

// SIGTERM and SIGINT, caught from its making on: a process that has said `ready` must not die of the first one.
class stop_signal {
 public:
  stop_signal() : signals_(loop_, SIGTERM, SIGINT) {
    signals_.async_wait([](error_code, int) {});
  }
  // Blocks until the first one; from then on another ends the process as the system does by default.
  void wait() {
    loop_.run();
    signals_.clear();
    std::signal(SIGTERM, SIG_DFL);
    std::signal(SIGINT, SIG_DFL);
  }

 private:
  asio::io_context loop_{1};
  asio::signal_set signals_;
};

// The address as a client on this machine would type it.
std::string reachable(const asio::ip::tcp::endpoint& at) {
  asio::ip::address address = at.address();
  if (address.is_unspecified()) {
    address = address.is_v6() ? asio::ip::address(asio::ip::address_v6::loopback())
                              : asio::ip::address(asio::ip::address_v4::loopback());
  }
  return address.is_v6() ? fmt::format("[{}]:{}", address.to_string(), at.port())
                         : fmt::format("{}:{}", address.to_string(), at.port());
}

// How long the ends of cancelled answers may take to leave.
constexpr milliseconds last_words{1000};

// Sockets are told to go elsewhere while what runs comes to its end; then the rest is cut. All of it shares one time.
void drain(async::worker_pool& workers, gateway::module& gateway, agent::module& agents, http::server& server,
           milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit + last_words;
  auto sockets_gone = asio::co_spawn(workers[0].get_executor(), gateway.drain(limit + last_words), asio::use_future);
  auto answers_ended = asio::co_spawn(workers[0].get_executor(), agents.drain(limit), asio::use_future);
  answers_ended.wait();
  sockets_gone.wait();
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  server.stop(std::max(left, milliseconds(0)));
}

}  // namespace

int serve(const loaded_settings& loaded, std::ostream& out, std::ostream& err) {
  std::signal(SIGPIPE, SIG_IGN);
  stop_signal stop;
  const settings& told = loaded.told;
  const telemetry::logger log({.level = told.telemetry.log_level, .format = told.telemetry.log_format});
  for (const std::string& notice : loaded.notices)
    log.warning(notice);

  async::worker_pool workers(told.server.workers);
  http::worker_buffers buffers(workers.size());
  telemetry::metric_registry metrics(workers.size());
  metrics.add_process_metrics(version);
  metrics.make_observed_counter(telemetry::names::log_lines_dropped,
                                [&log] { return static_cast<double>(log.dropped()); });

  async::blocking_pool lookups("name-lookup", 4, 1024);
  auto providers = make_providers(told, workers, lookups);
  if (!providers) {
    err << "sluice: " << providers.error() << '\n';
    return exit_configuration;
  }
  agent::module agents(workers, make_agent_settings(told), std::move(*providers), metrics, log);
  gateway::module gateway(workers, buffers, make_gateway_settings(told), agents.face(), metrics, log);

  auto listening = make_server_settings(told);
  if (!listening) {
    err << "sluice: " << listening.error() << '\n';
    return exit_configuration;
  }
  std::vector<http::route> routes = gateway.health_routes();
  std::ranges::move(gateway.routes(), std::back_inserter(routes));
  std::optional<http::server> internal;
  if (told.server.internal_listen.empty()) {
    routes.push_back(gateway.metrics_route(true));
  } else {
    const auto at = http::parse_listen_address(told.server.internal_listen);
    if (!at) {
      err << "sluice: server.internal_listen: " << at.error().message << '\n';
      return exit_configuration;
    }
    std::vector<http::route> internal_routes = gateway.health_routes();
    internal_routes.push_back(gateway.metrics_route(false));
    internal.emplace(workers, buffers, http::server_settings{.listen = *at}, http::router(std::move(internal_routes)));
  }
  http::server server(workers, buffers, std::move(*listening), http::router(std::move(routes)),
                      make_http_hooks(metrics, log));
  for (http::server* const one : {&server, internal ? &*internal : nullptr}) {
    if (one == nullptr) continue;
    const auto started = one->start();
    if (started) continue;
    err << "sluice: " << started.error().message << '\n';
    return exit_unavailable;
  }
  agents.begin();
  gateway.begin();
  workers.start();
  const std::string address = fmt::format("{}://{}", told.server.tls.certificate.empty() ? "http" : "https",
                                          reachable(server.local_endpoint()));
  log.info("ready", {{"address", address}, {"workers", workers.size()}, {"version", version}});
  out << "ready " << address << std::endl;
  if (internal) out << "ready http://" << reachable(internal->local_endpoint()) << std::endl;

  stop.wait();
  log.info("stopping", {{"drain_ms", told.server.timeouts.drain}});
  drain(workers, gateway, agents, server, told.server.timeouts.drain);
  if (internal) internal->stop(std::chrono::milliseconds(0));
  workers.stop();
  log.info("stopped");
  return exit_fine;
}

}  // namespace sluice::app
