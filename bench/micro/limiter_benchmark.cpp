// What one more look at a limit costs: the same key again and again, many keys, a key that has reached its limit.
#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "limits/limiter_memory.hpp"

namespace {

using namespace sluice;
using namespace std::chrono_literals;

const limits::limit bucket{.name = "chat", .rule = limits::token_bucket_rule{.rate = 1e6, .burst = 1'000'000}};
const limits::limit window{.name = "chat", .rule = limits::sliding_window_rule{.limit = 1'000'000, .per = 1s}};
const limits::limit spent{.name = "chat", .rule = limits::token_bucket_rule{.rate = 1e-6, .burst = 1}};

task<> take_all(benchmark::State& state, limits::limiter& counts, const limits::limit& by, std::size_t keys) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < keys; ++i)
    names.push_back("usr_01JD9Z7T5N8Q4R6W2X3Y" + std::to_string(1'000'000 + i));
  std::size_t next = 0;
  for (auto _ : state) {
    const auto made = co_await counts.take(by, names[next]);
    benchmark::DoNotOptimize(made);
    if (++next == names.size()) next = 0;
  }
}

void take(benchmark::State& state, const limits::limit& by, std::size_t keys) {
  limits::limiter_memory counts;
  asio::io_context loop(1);
  auto done = asio::co_spawn(loop.get_executor(), take_all(state, counts, by, keys), asio::use_future);
  loop.run();
  done.get();
}

BENCHMARK_CAPTURE(take, token_bucket, bucket, 1);
BENCHMARK_CAPTURE(take, token_bucket_of_many, bucket, 100'000);
BENCHMARK_CAPTURE(take, sliding_window, window, 1);
BENCHMARK_CAPTURE(take, refused, spent, 1);

}  // namespace
