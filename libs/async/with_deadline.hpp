// A bound on any wait.
#pragma once

#include <optional>
#include <type_traits>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include "async/task.hpp"

namespace sluice::async {

/// Runs `work` for at most `limit`: its value, or nothing if the limit passed first (for `task<void>`: whether it
/// finished). On the limit `work` is cancelled and has ended before this returns, so it may use the caller's locals;
/// it must therefore honour cancellation. What `work` throws is thrown here. For a deadline per token use a `watchdog`:
/// this one spawns a coroutine.
template <class T>
task<std::conditional_t<std::is_void_v<T>, bool, std::optional<T>>> with_deadline(
    task<T> work, std::chrono::steady_clock::duration limit) {
  const executor on = co_await asio::this_coro::executor;
  steady_timer timer(on, limit);
  auto group = asio::experimental::make_parallel_group(asio::co_spawn(on, std::move(work), asio::deferred),
                                                       timer.async_wait(asio::deferred));
  if constexpr (std::is_void_v<T>) {
    const auto [order, failure, timer_code] = co_await group.async_wait(asio::experimental::wait_for_one(), use_task);
    const bool in_time = order[0] == 0;
    if (failure && in_time) std::rethrow_exception(failure);
    co_return in_time;
  } else {
    auto [order, failure, value, timer_code] = co_await group.async_wait(asio::experimental::wait_for_one(), use_task);
    if (order[0] != 0) co_return std::nullopt;
    if (failure) std::rethrow_exception(failure);
    co_return std::optional<T>(std::move(value));
  }
}

}  // namespace sluice::async
