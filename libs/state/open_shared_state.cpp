#include "state/open_shared_state.hpp"

#include <exception>

#include "state/shared_state_memory.hpp"
#include "state/shared_state_redis.hpp"

namespace sluice::state {
namespace {

// What has ended goes from memory although nobody asks for it any more.
task<> keep_swept(shared_state_memory& state) {
  steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    timer.expires_after(std::chrono::minutes(1));
    co_await timer.async_wait(use_task);
    state.sweep();
  }
}

std::unique_ptr<shared_state> make_in_memory(async::worker_pool& workers) {
  auto made = std::make_unique<shared_state_memory>();
  asio::co_spawn(workers[0].get_executor(), keep_swept(*made), [](const std::exception_ptr& broken) {
    if (broken) std::rethrow_exception(broken);
  });
  return made;
}

}  // namespace

task<result<void>> opened_state::check() const {
  if (is_in_memory()) co_return result<void>();
  co_return co_await redis->check();
}

result<opened_state> open_shared_state(const shared_state_settings& told, async::worker_pool& workers,
                                       telemetry::metric_registry& metrics, const telemetry::logger& log) {
  opened_state made;
  if (told.url == "memory:") {
    made.state = make_in_memory(workers);
    return made;
  }
  auto at = parse_redis_url(told.url);
  if (!at) return std::unexpected(std::move(at.error()));
  redis_settings redis{.at = std::move(*at)};
  redis.authorities_file = told.authorities_file;
  redis.prefix = told.prefix;
  redis.timeout = told.timeout;
  const executor on = workers[0].get_executor();
  made.watch = std::make_unique<redis_instruments>(metrics);
  made.redis = std::make_shared<redis_client>(on, std::move(redis), log, made.watch.get());
  made.state = std::make_unique<shared_state_redis>(made.redis, on, log);
  return made;
}

}  // namespace sluice::state
