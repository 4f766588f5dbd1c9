// `sluice admin`: the administration's API and page, over the other roles.
#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "admin/module.hpp"
#include "agent/rpc_usage.hpp"
#include "app/listener.hpp"
#include "app/observed_metrics.hpp"
#include "app/role.hpp"
#include "app/storage.hpp"
#include "app/wiring.hpp"
#include "identity/rpc_client.hpp"

namespace sluice::app {
namespace {

constexpr milliseconds usage_deadline{30'000};
constexpr milliseconds check_limit{1000};

class admin_role final : public role {
 public:
  admin_role(node& on, owned_database stored, std::unique_ptr<rpc::channel> to_identity,
             std::unique_ptr<rpc::channel> to_agent)
      : on_(on),
        stored_(std::move(stored)),
        to_identity_(std::move(to_identity)),
        to_agent_(std::move(to_agent)),
        people_(on.workers, *to_identity_, {}, on.metrics, on.log),
        usage_(agent::make_usage_rpc_client(*to_agent_, usage_deadline)),
        nodes_(*on.state),
        told_(make_settings(on.told)),
        door_(told_, people_.face()),
        limits_(told_.limits, *on.limiter, on.metrics),
        admin_(told_, *stored_.database,
               {.people = people_.face(), .accounts = people_.administration(), .usage = *usage_, .nodes = nodes_},
               *on.state, door_, limits_, on.metrics, on.log) {
    observe(on.metrics, *stored_.database);
  }

  result<void> prepare() override {
    auto told = make_client_server_settings(on_.told);
    if (!told) return failure(error_reason::invalid_argument, std::move(told.error()));
    std::vector<http::route> routes = on_.public_routes();
    std::ranges::move(guard(on_.told, admin_.routes()), std::back_inserter(routes));
    outside_.emplace(on_.workers, on_.buffers, std::move(*told), std::move(routes), on_.hooks);
    return admin_.prepare();
  }

  result<void> start() override {
    people_.begin();
    observe(on_.metrics, outside_->server());
    return outside_->start();
  }

  std::string address() const override { return outside_->address(); }

  std::vector<health::dependency> needs() override {
    return {{"database", [this] { return stored_.database->check(); }},
            {"identity", [this] { return people_.check(check_limit); }},
            {"agent", [this] { return to_agent_->check(check_limit); }}};
  }

  std::vector<std::pair<std::string, std::uint64_t>> counts() const override { return {}; }

  void take_down(milliseconds limit) override {
    if (outside_) outside_->stop(limit);
    on_.workers.run_first(people_.stop());
    to_identity_.reset();
    to_agent_.reset();
  }

 private:
  static admin::settings make_settings(const settings& told) {
    admin::settings made = make_admin_settings(told);
    made.alone = true;
    return made;
  }

  node& on_;
  owned_database stored_;
  std::unique_ptr<rpc::channel> to_identity_;
  std::unique_ptr<rpc::channel> to_agent_;
  identity::rpc_client people_;
  std::unique_ptr<agent::usage_reports> usage_;
  admin::registered_nodes nodes_;
  const admin::settings told_;
  door::admission door_;
  door::request_limits limits_;
  admin::module admin_;
  std::optional<listener> outside_;
};

}  // namespace

result<std::unique_ptr<role>> make_admin_role(node& on) {
  auto to_identity = make_identity_channel(on.told, on.log, &on.calls);
  if (!to_identity) return std::unexpected(std::move(to_identity.error()));
  auto to_agent = make_agent_channel(on.told, on.log, &on.calls);
  if (!to_agent) return std::unexpected(std::move(to_agent.error()));
  auto stored = open_own_database(on.told, into_log(on.log));
  if (!stored) return std::unexpected(std::move(stored.error()));
  return std::make_unique<admin_role>(on, std::move(*stored), std::move(*to_identity), std::move(*to_agent));
}

}  // namespace sluice::app
