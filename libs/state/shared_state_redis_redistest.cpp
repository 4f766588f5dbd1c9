// Shared state on a real Redis does what it does in memory.
#include <atomic>

#include "state/redis_testing.hpp"
#include "state/shared_state_redis.hpp"
#include "state/shared_state_testing.hpp"

namespace sluice::state::testing {
namespace {

redis_server& server() {
  static redis_server one;
  return one;
}

// Two nodes, with a prefix that nothing was stored under yet.
class redis_bench final : public state_bench {
 public:
  redis_bench() {
    static std::atomic<int> benches = 0;
    redis_settings told = server().settings();
    told.prefix = "bench" + std::to_string(++benches) + ":";
    told.timeout = 5s;
    const executor on = workers[0].get_executor();
    for (auto* each : {&one_, &two_}) {
      auto asked = std::make_shared<redis_client>(on, told, log_, nullptr);
      clients_.push_back(asked);
      *each = std::make_unique<shared_state_redis>(std::move(asked), on, log_);
    }
    workers.start();
    for (const auto& each : clients_) {
      while (!asio::co_spawn(on, each->check(), asio::use_future).get()) {
      }
    }
  }
  ~redis_bench() override { workers.stop(); }
  shared_state& state() override { return *one_; }
  shared_state& other_state() override { return *two_; }
  // Redis' clock is the machine's and cannot be turned, but it can be asked. It counts whole milliseconds.
  void pass(int units) override {
    const std::int64_t until = time_ms() + (units * unit()).count() + 1;
    while (time_ms() <= until) {
    }
  }
  std::chrono::milliseconds unit() const override { return 250ms; }

 private:
  static task<result<redis_reply>> ask_time(std::shared_ptr<redis_client> of) { co_return co_await of->call({"TIME"}); }
  std::int64_t time_ms() {
    const auto reply = asio::co_spawn(workers[1].get_executor(), ask_time(clients_[0]), asio::use_future).get();
    return (std::stoll(reply.value().items.at(0).text) * 1000) + (std::stoll(reply->items.at(1).text) / 1000);
  }

  telemetry::logger log_{{.level = telemetry::log_level::off}};
  std::vector<std::shared_ptr<redis_client>> clients_;
  std::unique_ptr<shared_state> one_;
  std::unique_ptr<shared_state> two_;
};

INSTANTIATE_TEST_SUITE_P(redis, shared_state_suite,
                         ::testing::Values(make_bench([] { return std::make_unique<redis_bench>(); })));

}  // namespace
}  // namespace sluice::state::testing
