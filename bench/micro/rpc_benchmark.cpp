// What a call to another node costs, both ends in this process over loopback: alone, and many at once.
#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "async/task_group.hpp"
#include "rpc/channel.hpp"
#include "rpc/server.hpp"

namespace {

using namespace sluice;
using namespace std::chrono_literals;

struct both_ends {
  both_ends() : server(workers, {.listen = "127.0.0.1:0", .protection = ours}, log) {
    workers.start();
    if (const auto started = server.start(); !started) throw std::runtime_error(started.error().message);
    auto made = rpc::channel::make({.peer = "node", .addresses = {server.address()}, .protection = ours}, log);
    if (!made) throw std::runtime_error(made.error().message);
    channel = std::move(*made);
  }
  ~both_ends() {
    channel.reset();
    server.stop(0ms);
    workers.stop();
  }

  telemetry::logger log{{.level = telemetry::log_level::off}};
  rpc::security ours{.tls = {}, .secret = secret_string("of all nodes")};
  async::worker_pool workers{1};
  rpc::server server;
  std::unique_ptr<rpc::channel> channel;
};

task<> call_some(rpc::channel& over, std::size_t calls) {
  for (std::size_t i = 0; i < calls; ++i)
    benchmark::DoNotOptimize(co_await over.check(10s));
}

task<> call_at_once(rpc::channel& over, std::size_t callers, std::size_t calls) {
  async::task_group all(co_await asio::this_coro::executor, [](const std::exception_ptr&) {});
  for (std::size_t i = 0; i < callers; ++i)
    all.spawn(call_some(over, calls));
  co_await all.join();
}

// Process CPU time is what both ends and gRPC's threads use together.
void call(benchmark::State& state) {
  constexpr std::size_t calls = 20;
  both_ends here;
  const auto callers = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    asio::co_spawn(here.workers[0].get_executor(), call_at_once(*here.channel, callers, calls), asio::use_future).get();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(callers * calls));
}

BENCHMARK(call)->Name("rpc_call")->Arg(1)->Arg(100)->MeasureProcessCPUTime()->UseRealTime();

}  // namespace
