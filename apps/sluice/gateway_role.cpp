// `sluice gateway`: what clients talk to, over the other roles.
#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "admin/module.hpp"
#include "agent/rpc_client.hpp"
#include "app/listener.hpp"
#include "app/observed_metrics.hpp"
#include "app/role.hpp"
#include "app/wiring.hpp"
#include "gateway/module.hpp"
#include "identity/rpc_client.hpp"

namespace sluice::app {
namespace {

constexpr milliseconds check_limit{1000};

class gateway_role final : public role {
 public:
  gateway_role(node& on, std::unique_ptr<rpc::channel> to_identity, std::unique_ptr<rpc::channel> to_agent)
      : on_(on),
        to_identity_(std::move(to_identity)),
        to_agent_(std::move(to_agent)),
        people_(on.workers, *to_identity_, {}, on.metrics, on.log),
        agents_(
            on.workers, *to_agent_,
            [&on](const std::string& address) { return make_channel_to_agent(on.told, address, on.log, &on.calls); },
            *on.state, make_agent_client_settings(on.told), on.log),
        gateway_(on.workers, on.buffers, make_gateway_settings(on.told), agents_.face(), agents_.stored(),
                 people_.face(), *on.state, *on.limiter, on.metrics, on.traces.spans(), on.log) {}

  result<void> prepare() override {
    auto told = make_client_server_settings(on_.told);
    if (!told) return failure(error_reason::invalid_argument, std::move(told.error()));
    std::vector<http::route> routes = on_.public_routes();
    std::ranges::move(guard(on_.told, gateway_.routes()), std::back_inserter(routes));
    http::server_hooks hooks = on_.hooks;
    hooks.make_error = gateway::module::make_error;
    outside_.emplace(on_.workers, on_.buffers, std::move(*told), std::move(routes), hooks);
    return {};
  }

  result<void> start() override {
    people_.begin();
    agents_.begin();
    gateway_.begin();
    observe(on_.metrics, outside_->server());
    return outside_->start();
  }

  std::string address() const override { return outside_->address(); }

  std::vector<health::dependency> needs() override {
    return {{"identity", [this] { return people_.check(check_limit); }},
            {"agent", [this] { return agents_.check(check_limit); }}};
  }

  std::vector<std::pair<std::string, std::uint64_t>> counts() const override {
    return {{admin::connections_count, gateway_.open_sockets()}};
  }

  // Sockets are told to go to another gateway, which takes their answers up where they are.
  void take_down(milliseconds limit) override {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    if (outside_) {
      outside_->wind_down();
      on_.workers.run_first(gateway_.drain(limit));
      const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
      outside_->stop(std::max(left, milliseconds(0)));
    }
    agents_.stop();
    on_.workers.run_first(people_.stop());
    to_agent_.reset();
    to_identity_.reset();
  }

 private:
  node& on_;
  std::unique_ptr<rpc::channel> to_identity_;
  std::unique_ptr<rpc::channel> to_agent_;
  identity::rpc_client people_;
  agent::rpc_client agents_;
  gateway::module gateway_;
  std::optional<listener> outside_;
};

}  // namespace

result<std::unique_ptr<role>> make_gateway_role(node& on) {
  auto to_identity = make_identity_channel(on.told, on.log, &on.calls);
  if (!to_identity) return std::unexpected(std::move(to_identity.error()));
  auto to_agent = make_agent_channel(on.told, on.log, &on.calls);
  if (!to_agent) return std::unexpected(std::move(to_agent.error()));
  return std::make_unique<gateway_role>(on, std::move(*to_identity), std::move(*to_agent));
}

}  // namespace sluice::app
