#include <future>
#include <memory>

#include <benchmark/benchmark.h>

#include "generation/cursor.hpp"
#include "generation/log.hpp"

namespace sluice::bench {
namespace {

constexpr int deltas = 200;
constexpr std::uint64_t log_bytes_max = 1 << 20;

// Runs `work` on the pool's first worker and waits for it: logs and cursors live on workers.
template <class Work>
void on_worker(async::worker_pool& workers, Work work) {
  std::promise<void> done;
  workers[0].post([&] {
    work();
    done.set_value();
  });
  done.get_future().get();
}

// A whole answer: made, written, and destroyed.
void append_answer(benchmark::State& state) {
  async::worker_pool workers(1);
  workers.start();
  on_worker(workers, [&] {
    for (auto _ : state) {
      const auto log = std::make_shared<generation::log>(workers, "gen_1", log_bytes_max);
      for (int i = 0; i < deltas; ++i)
        log->append(generation::delta_kind::text, " word");
      log->end({});
    }
  });
  state.SetItemsProcessed(state.iterations() * deltas);
}
BENCHMARK(append_answer);

// A cursor that comes late and reads it all, delta by delta or merged.
void read_answer(benchmark::State& state, generation::merging how) {
  async::worker_pool workers(1);
  workers.start();
  on_worker(workers, [&] {
    const auto log = std::make_shared<generation::log>(workers, "gen_1", log_bytes_max);
    for (int i = 0; i < deltas; ++i)
      log->append(generation::delta_kind::text, " word");
    log->end({});
    async::wakeup growth(workers[0].get_executor());
    for (auto _ : state) {
      generation::cursor reader(log, 0, growth);
      while (const auto run = reader.next(how, 1 << 16))
        benchmark::DoNotOptimize(run->end);
    }
  });
  state.SetItemsProcessed(state.iterations() * deltas);
}
BENCHMARK_CAPTURE(read_answer, delta_by_delta, generation::merging::none);
BENCHMARK_CAPTURE(read_answer, merged, generation::merging::neighbours);

}  // namespace
}  // namespace sluice::bench
