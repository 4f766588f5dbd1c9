// A command's one coroutine on a loop of its own.
#pragma once

#include <exception>
#include <optional>

#include <boost/asio/co_spawn.hpp>

#include "async/task.hpp"

namespace sluice::app {

/// Runs `work` and returns what it gives as soon as it has it: what still waits on the loop (idle connections, caches)
/// is dropped with the loop. Rethrows what `work` throws.
template <class T>
T run_to_end(asio::io_context& loop, task<T> work) {
  std::optional<T> outcome;
  std::exception_ptr failure;
  asio::co_spawn(loop.get_executor(), std::move(work), [&](std::exception_ptr thrown, T value) {
    failure = thrown;
    if (!thrown) outcome.emplace(std::move(value));
    loop.stop();
  });
  loop.run();
  if (failure) std::rethrow_exception(failure);
  return std::move(*outcome);
}

}  // namespace sluice::app
