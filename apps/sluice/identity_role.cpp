// `sluice identity`: accounts and credentials for the other roles.
#include <memory>
#include <utility>

#include "app/first_admin.hpp"
#include "app/observed_metrics.hpp"
#include "app/role.hpp"
#include "app/storage.hpp"
#include "app/wiring.hpp"
#include "identity/module.hpp"
#include "identity/rpc_server.hpp"
#include "rpc/server.hpp"

namespace sluice::app {
namespace {

class identity_role final : public role {
 public:
  identity_role(node& on, owned_database stored)
      : on_(on),
        stored_(std::move(stored)),
        people_(on.workers, *stored_.database, *on.limiter, *on.state, make_identity_settings(on.told), on.metrics,
                on.log),
        server_(on.workers, make_rpc_server_settings(on.told, &on.calls), on.log) {
    identity::add_rpc_services(server_, people_);
    observe(on.metrics, *stored_.database);
  }

  result<void> prepare() override {
    const auto first = people_.prepare();
    if (!first) return std::unexpected(first.error());
    if (*first) show_first_admin(on_.terminal, **first);
    return {};
  }

  result<void> start() override {
    people_.begin();
    return server_.start();
  }

  std::string address() const override { return "grpc://" + server_.address(); }

  std::vector<health::dependency> needs() override {
    return {{"database", [this] { return stored_.database->check(); }}};
  }

  std::vector<std::pair<std::string, std::uint64_t>> counts() const override { return {}; }

  void take_down(milliseconds limit) override {
    server_.stop(limit);
    on_.workers.run_first(people_.stop());
  }

 private:
  node& on_;
  owned_database stored_;
  identity::module people_;
  rpc::server server_;
};

}  // namespace

result<std::unique_ptr<role>> make_identity_role(node& on) {
  auto stored = open_own_database(on.told, into_log(on.log));
  if (!stored) return std::unexpected(std::move(stored.error()));
  return std::make_unique<identity_role>(on, std::move(*stored));
}

}  // namespace sluice::app
