// A coroutine that waits for another thread.
#pragma once

#include <functional>

#include "async/task.hpp"
#include "base/error.hpp"

namespace sluice::store {

/// Called exactly once, on any thread, with how it ended. Does not throw.
using ending = std::move_only_function<void(result<void>)>;

/// Calls `start` at once and resumes the caller, on its own worker, when the ending was called. A caller that is
/// cancelled does not wait for that and gets `operation_aborted` thrown; what was started goes on. The worker outlives
/// what was started.
task<result<void>> await_ending(std::move_only_function<void(ending)> start);

}  // namespace sluice::store
