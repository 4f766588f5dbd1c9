// `sluice agent`: generations, providers and conversations for the other roles.
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "admin/module.hpp"
#include "agent/module.hpp"
#include "agent/rpc_server.hpp"
#include "app/observed_metrics.hpp"
#include "app/providers.hpp"
#include "app/role.hpp"
#include "app/storage.hpp"
#include "app/wiring.hpp"
#include "rpc/server.hpp"

namespace sluice::app {
namespace {

// How long the ends of cancelled answers may take to leave.
constexpr milliseconds last_words{1000};

class agent_role final : public role {
 public:
  agent_role(node& on, storage stored, std::vector<std::shared_ptr<agent::provider>> providers)
      : on_(on),
        stored_(std::move(stored)),
        agents_(on.workers, make_agent_settings(on.told), std::move(providers), *stored_.database, *stored_.outbox,
                on.metrics, on.traces.spans(), on.log),
        server_(on.workers, make_rpc_server_settings(on.told, &on.calls), on.log) {
    observe(on.metrics, *stored_.database);
    observe(on.metrics, *stored_.outbox);
    agent::add_rpc_services(server_, agents_, [this] { return is_reachable_.load() ? advertised_ : std::string(); });
  }

  result<void> prepare() override { return agents_.begin(on_.is_alone()); }

  result<void> start() override {
    if (auto started = server_.start(); !started) return started;
    advertised_ = make_advertised_address(on_.told, server_.address());
    is_reachable_ = true;
    agents_.join(*on_.state, advertised_);
    return {};
  }

  std::string address() const override { return "grpc://" + server_.address(); }

  std::vector<health::dependency> needs() override {
    return {{"database", [this] { return stored_.database->check(); }},
            {"disk", [this] { return stored_.outbox->check(); }},
            {"records", [this] { return agents_.check(); }}};
  }

  std::vector<std::pair<std::string, std::uint64_t>> counts() const override {
    return {{admin::generations_count, agents_.live()}};
  }

  // Gateways turn to others for what is new, and follow what runs to its end.
  void take_down(milliseconds limit) override {
    server_.set_serving(false);
    on_.workers.run_first(agents_.drain(limit));
    server_.stop(last_words);
    on_.workers.run_first(agents_.leave());
  }

 private:
  node& on_;
  storage stored_;
  agent::module agents_;
  std::string advertised_;  // once it is reachable
  std::atomic<bool> is_reachable_ = false;
  rpc::server server_;
};

}  // namespace

result<std::unique_ptr<role>> make_agent_role(node& on) {
  auto providers = make_providers(on.told, on.workers, on.lookups);
  if (!providers) return failure(error_reason::invalid_argument, std::move(providers.error()));
  auto stored = open_storage(on.told, into_log(on.log));
  if (!stored) return std::unexpected(std::move(stored.error()));
  return std::make_unique<agent_role>(on, std::move(*stored), std::move(*providers));
}

}  // namespace sluice::app
