// All services in one process: each holds the next ones' objects.
#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "admin/module.hpp"
#include "agent/module.hpp"
#include "app/client_routes.hpp"
#include "app/first_admin.hpp"
#include "app/listener.hpp"
#include "app/observed_metrics.hpp"
#include "app/providers.hpp"
#include "app/role.hpp"
#include "app/storage.hpp"
#include "app/wiring.hpp"
#include "gateway/module.hpp"
#include "identity/module.hpp"

namespace sluice::app {
namespace {

// How long the ends of cancelled answers may take to leave.
constexpr milliseconds last_words{1000};

class serve_role final : public role {
 public:
  serve_role(node& on, storage stored, std::vector<std::shared_ptr<agent::provider>> providers)
      : on_(on),
        stored_(std::move(stored)),
        nodes_(*on.state),
        people_(on.workers, *stored_.database, *on.limiter, *on.state, make_identity_settings(on.told), on.metrics,
                on.log),
        agents_(on.workers, make_agent_settings(on.told), std::move(providers), *stored_.database, *stored_.outbox,
                on.metrics, on.traces.spans(), on.log),
        gateway_(on.workers, on.buffers, make_gateway_settings(on.told), agents_.face(), agents_.stored(),
                 people_.face(), *on.state, *on.limiter, on.metrics, on.traces.spans(), on.log),
        admin_(
            make_admin_settings(on.told), *stored_.database,
            {.people = people_.face(), .accounts = people_.administration(), .usage = agents_.usage(), .nodes = nodes_},
            *on.state, gateway_.door(), gateway_.limits(), on.metrics, on.log) {
    observe(on.metrics, *stored_.database);
    observe(on.metrics, *stored_.outbox);
  }

  result<void> prepare() override {
    if (auto made = make_listener(); !made) return made;
    const auto first = people_.prepare();
    if (!first) return std::unexpected(first.error());
    if (*first) show_first_admin(on_.terminal, **first);
    if (auto ready = admin_.prepare(); !ready) return ready;
    return agents_.begin(on_.is_alone());
  }

  result<void> start() override {
    people_.begin();
    // Beside others on one database, each ends what a lost one left; nobody but this process can follow what runs here.
    if (!on_.is_alone()) agents_.join(*on_.state, {});
    gateway_.begin();
    observe(on_.metrics, outside_->server());
    return outside_->start();
  }

  std::string address() const override { return outside_->address(); }

  std::vector<health::dependency> needs() override {
    return {{"database", [this] { return stored_.database->check(); }},
            {"disk", [this] { return stored_.outbox->check(); }},
            {"records", [this] { return agents_.check(); }}};
  }

  std::vector<std::pair<std::string, std::uint64_t>> counts() const override {
    return {{admin::connections_count, gateway_.open_sockets()}, {admin::generations_count, agents_.live()}};
  }

  // Sockets are told to go elsewhere while what runs comes to its end; then the rest is cut. All shares one time.
  void take_down(milliseconds limit) override {
    const auto deadline = std::chrono::steady_clock::now() + limit + last_words;
    const executor any = on_.workers[0].get_executor();
    if (outside_) {
      outside_->wind_down();
      auto sockets_gone = asio::co_spawn(any, gateway_.drain(limit, last_words), asio::use_future);
      auto answers_ended = asio::co_spawn(any, agents_.drain(limit), asio::use_future);
      answers_ended.wait();
      sockets_gone.wait();
      const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
      outside_->stop(std::max(left, milliseconds(0)));
    }
    on_.workers.run_first(agents_.leave());
    on_.workers.run_first(people_.stop());
  }

 private:
  result<void> make_listener() {
    auto told = make_client_server_settings(on_.told);
    if (!told) return failure(error_reason::invalid_argument, std::move(told.error()));
    std::vector<http::route> for_clients = gateway_.routes();
    std::ranges::move(admin_.routes(), std::back_inserter(for_clients));
    if (auto known = check_client_routes(for_clients); !known) return known;
    std::vector<http::route> routes = on_.public_routes();
    std::ranges::move(guard(on_.told, std::move(for_clients)), std::back_inserter(routes));
    http::server_hooks hooks = on_.hooks;
    hooks.make_error = gateway::module::make_error;
    outside_.emplace(on_.workers, on_.buffers, std::move(*told), std::move(routes), hooks);
    return outside_->reserve();
  }

  node& on_;
  storage stored_;
  admin::registered_nodes nodes_;
  identity::module people_;
  agent::module agents_;
  gateway::module gateway_;
  admin::module admin_;
  std::optional<listener> outside_;
};

}  // namespace

result<std::unique_ptr<role>> make_serve_role(node& on) {
  auto providers = make_providers(on.told, on.workers, on.lookups);
  if (!providers) return failure(error_reason::invalid_argument, std::move(providers.error()));
  auto stored = open_storage(on.told, into_log(on.log));
  if (!stored) return std::unexpected(std::move(stored.error()));
  return std::make_unique<serve_role>(on, std::move(*stored), std::move(*providers));
}

}  // namespace sluice::app
