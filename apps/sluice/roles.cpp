#include "app/roles.hpp"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "admin/module.hpp"
#include "agent/module.hpp"
#include "app/exit_codes.hpp"
#include "app/health.hpp"
#include "app/http_hooks.hpp"
#include "app/listeners.hpp"
#include "app/providers.hpp"
#include "app/stop_signal.hpp"
#include "app/storage.hpp"
#include "app/version.hpp"
#include "app/wiring.hpp"
#include "async/blocking_pool.hpp"
#include "async/worker_pool.hpp"
#include "base/ids.hpp"
#include "gateway/module.hpp"
#include "identity/module.hpp"
#include "limits/limiter_memory.hpp"
#include "state/shared_state_memory.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/names.hpp"

namespace sluice::app {
namespace {

int refuse(std::ostream& err, int exit_code, const std::string& why) {
  err << "sluice: " << why << '\n';
  return exit_code;
}

// The only time that it is shown. Not in the log, which others may read.
void show_first_admin(std::ostream& err, const identity::first_admin& made) {
  err << "\nThe first account is " << made.username << " with the password " << made.password.reveal()
      << "\nThis is not shown again; `sluice user passwd " << made.username << "` sets another one.\n\n"
      << std::flush;
}

// What the services of any role stand on.
struct ground {
  ground(const settings& told, const telemetry::logger& log) : workers(told.server.workers) {
    metrics.add_process_metrics(version);
    metrics.make_observed_counter(telemetry::names::log_lines_dropped,
                                  [&log] { return static_cast<double>(log.dropped()); });
  }

  async::worker_pool workers;
  http::worker_buffers buffers{workers.size()};
  telemetry::metric_registry metrics{workers.size()};
  async::blocking_pool lookups{"name-lookup", 4, 1024};
};

// What has ended goes from memory although nobody asks for it any more.
task<> keep_swept(state::shared_state_memory& state) {
  steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    timer.expires_after(std::chrono::minutes(1));
    co_await timer.async_wait(use_task);
    state.sweep();
  }
}

admin::node describe_node(const settings& told) {
  return {.id = make_id("node"),
          .role = "serve",
          .address = told.server.listen,
          .version = std::string(version),
          .started_at = std::chrono::system_clock::now()};
}

// All services in one process: each holds the next ones' objects.
struct services {
  services(const settings& told, ground& on, storage& stored, std::vector<std::shared_ptr<agent::provider>> providers,
           const telemetry::logger& log)
      : people(on.workers, *stored.database, limiter, state, make_identity_settings(told), on.metrics, log),
        agents(on.workers, make_agent_settings(told), std::move(providers), *stored.database, *stored.outbox,
               on.metrics, log),
        gateway(on.workers, on.buffers, make_gateway_settings(told), agents.face(), agents.stored(), people.face(),
                state, limiter, on.metrics, log),
        nodes(describe_node(told), {.connections = [this] { return gateway.open_sockets(); },
                                    .generations = [this] { return agents.live(); }}),
        admin(make_admin_settings(told), *stored.database,
              {.people = people.face(), .accounts = people.administration(), .usage = agents.usage(), .nodes = nodes},
              state, gateway.door(), gateway.limits(), on.metrics, log) {}

  result<void> begin() {
    if (auto ready = admin.prepare(); !ready) return ready;
    if (auto begun = agents.begin(); !begun) return begun;
    people.begin();
    gateway.begin();
    return {};
  }

  limits::limiter_memory limiter;
  state::shared_state_memory state;
  identity::module people;
  agent::module agents;
  gateway::module gateway;
  admin::own_node nodes;
  admin::module admin;
};

std::unique_ptr<listeners> make_listeners(ground& on, services& inside, health& state, listener_settings told,
                                          const telemetry::logger& log) {
  std::vector<http::route> for_clients = state.routes();
  gateway::module& gateway = inside.gateway;
  std::ranges::move(gateway.routes(), std::back_inserter(for_clients));
  std::ranges::move(inside.admin.routes(), std::back_inserter(for_clients));
  std::vector<http::route> for_internal = state.routes();
  for_internal.push_back(gateway.metrics_route(false));
  if (!told.internal) for_clients.push_back(gateway.metrics_route(true));
  http::server_hooks hooks = make_http_hooks(on.metrics, log);
  hooks.make_error = gateway::module::make_error;
  return std::make_unique<listeners>(on.workers, on.buffers, std::move(told), std::move(for_clients),
                                     std::move(for_internal), std::move(hooks));
}

void shut_down(ground& on, services& inside, listeners& outside, milliseconds grace) {
  outside.stop(grace);
  asio::co_spawn(on.workers[0].get_executor(), inside.people.stop(), asio::use_future).wait();
  on.workers.stop();
}

// How long the ends of cancelled answers may take to leave.
constexpr milliseconds last_words{1000};

// Sockets are told to go elsewhere while what runs comes to its end; then the rest is cut. All of it shares one time.
void drain(ground& on, services& inside, listeners& outside, milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit + last_words;
  const executor any = on.workers[0].get_executor();
  outside.wind_down();
  auto sockets_gone = asio::co_spawn(any, inside.gateway.drain(limit + last_words), asio::use_future);
  auto answers_ended = asio::co_spawn(any, inside.agents.drain(limit), asio::use_future);
  answers_ended.wait();
  sockets_gone.wait();
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  shut_down(on, inside, outside, std::max(left, milliseconds(0)));
}

}  // namespace

int serve(const loaded_settings& loaded, std::ostream& out, std::ostream& err) {
  std::signal(SIGPIPE, SIG_IGN);
  stop_signal stop;
  const settings& told = loaded.told;
  const telemetry::logger log({.level = told.telemetry.log_level, .format = told.telemetry.log_format});
  for (const std::string& notice : loaded.notices)
    log.warning(notice);

  ground base(told, log);
  auto stored = open_storage(told, [&log](const std::string& notice) { log.warning(notice); });
  if (!stored) return refuse(err, exit_unavailable, stored.error().message);
  auto providers = make_providers(told, base.workers, base.lookups);
  if (!providers) return refuse(err, exit_configuration, providers.error());
  services inside(told, base, *stored, std::move(*providers), log);
  if (const auto idle = inside.gateway.idle_limits(inside.admin.routes()); !idle.empty())
    return refuse(err, exit_configuration, "limits: no route fits the path and method of \"" + idle.front() + "\"");
  auto listening = make_listener_settings(told);
  if (!listening) return refuse(err, exit_configuration, listening.error());
  health state(base.workers, {{"database", [&stored] { return stored->database->check(); }}});
  const auto outside = make_listeners(base, inside, state, std::move(*listening), log);
  const auto first = inside.people.prepare();
  if (!first) return refuse(err, exit_unavailable, first.error().message);
  if (*first) show_first_admin(err, **first);
  if (const auto begun = inside.begin(); !begun) return refuse(err, exit_unavailable, begun.error().message);
  state.begin();
  asio::co_spawn(base.workers[0].get_executor(), keep_swept(inside.state), [](std::exception_ptr broken) {
    if (broken) std::rethrow_exception(broken);
  });
  base.workers.start();
  if (const auto started = outside->start(); !started) {
    shut_down(base, inside, *outside, milliseconds(0));
    return refuse(err, exit_unavailable, started.error().message);
  }
  log.info("ready", {{"address", outside->address()}, {"workers", base.workers.size()}, {"version", version}});
  outside->say_ready(out);

  stop.wait();
  log.info("stopping", {{"drain_ms", told.server.timeouts.drain}});
  state.drain();
  drain(base, inside, *outside, told.server.timeouts.drain);
  log.info("stopped");
  return exit_fine;
}

}  // namespace sluice::app
