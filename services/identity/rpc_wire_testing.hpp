// For tests of identity over the wire: nodes that answer, and clients of them, on loopback.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "async/task_group.hpp"
#include "async/worker_pool.hpp"
#include "identity/identity_testing.hpp"
#include "identity/rpc_client.hpp"
#include "identity/rpc_server.hpp"

namespace sluice::identity {

inline constexpr milliseconds wire_patience = std::chrono::seconds(20);

inline task<> wait_until(std::function<bool()> truth) {
  steady_timer timer(co_await asio::this_coro::executor);
  const auto until = std::chrono::steady_clock::now() + wire_patience;
  while (!truth() && std::chrono::steady_clock::now() < until) {
    timer.expires_after(std::chrono::milliseconds(1));
    co_await timer.async_wait(use_task);
  }
}

/// Workers, and what runs on the first of them.
class wire_ground {
 public:
  wire_ground() { workers.start(); }
  ~wire_ground() { workers.stop(); }
  void on_worker(task<> work) { asio::co_spawn(workers[0].get_executor(), std::move(work), asio::use_future).get(); }

  telemetry::logger log{{.level = telemetry::log_level::off}};
  async::worker_pool workers{2};
};

/// Rules, their housekeeping, and a server before them.
class wire_node {
 public:
  wire_node(wire_ground& on, identity& rules, const std::string& listen = "127.0.0.1:0",
            milliseconds poll = std::chrono::milliseconds(5))
      : on_(on), rules_(rules), house_(on.workers[0].get_executor(), [](const std::exception_ptr&) {}) {
    rpc::server_settings told{.listen = listen, .protection = protection()};
    server = std::make_unique<rpc::server>(on_.workers, std::move(told), on_.log);
    server->add(make_rpc_service(server->host(), rules_));
    server->add(make_rpc_service(server->host(), rules_.accounts(), rules_.revocations()));
    world::must(server->start());
    on_.on_worker(begin(poll));
  }
  ~wire_node() {
    server.reset();
    on_.on_worker(stop());
  }
  static rpc::security protection() { return {.tls = {}, .secret = secret_string("of all nodes")}; }

  std::unique_ptr<rpc::server> server;

 private:
  task<> begin(milliseconds poll) {
    house_.spawn(keep_house(poll));
    co_return;
  }
  task<> stop() {
    house_.cancel();
    co_await house_.join();
  }
  task<> keep_house(milliseconds poll) {
    for (;;) {
      co_await rules_.revocations().wait(std::chrono::seconds(1), poll);
      co_await rules_.revocations().look();
    }
  }

  wire_ground& on_;
  identity& rules_;
  async::task_group house_;
};

/// A client of some nodes, which knows all once it is made if one of them is there.
class wire_client {
 public:
  wire_client(wire_ground& on, std::vector<std::string> addresses, clock now, rpc_client_settings told = {}) : on_(on) {
    told.now = std::move(now);
    channel_ = world::must(rpc::channel::make(
        {.peer = "identity", .addresses = std::move(addresses), .protection = wire_node::protection()}, on_.log));
    client = std::make_unique<rpc_client>(on_.workers, *channel_, std::move(told), metrics_, on_.log);
    on_.on_worker(begin());
  }
  ~wire_client() { on_.on_worker(client->stop()); }

  void wait_until_complete() {
    run(wait_until([this] { return client->complete(); }));
  }
  service& face() { return client->face(); }

 private:
  task<> begin() {
    client->begin();
    co_return;
  }
  wire_ground& on_;
  telemetry::metric_registry metrics_{2};
  std::unique_ptr<rpc::channel> channel_;

 public:
  std::unique_ptr<rpc_client> client;
};

}  // namespace sluice::identity
