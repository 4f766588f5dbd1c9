#include "store/await_ending.hpp"

#include <memory>
#include <utility>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

namespace sluice::store {
namespace {

// Touched on the coroutine's own worker only.
struct waiter {
  asio::any_completion_handler<void(error_code, result<void>)> resume;
};

}  // namespace

task<result<void>> await_ending(std::move_only_function<void(ending)> start) {
  const executor home = co_await asio::this_coro::executor;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<executor>&, void(error_code, result<void>)>(
      [home, &start](auto handler) {
        auto waiting = std::make_shared<waiter>();
        waiting->resume = std::move(handler);
        // Of the erased handler: erasing occupies the slot of the original.
        auto slot = asio::get_associated_cancellation_slot(waiting->resume);
        if (slot.is_connected()) {
          // The slot is the coroutine's own: did it hold the waiter, each would keep the other.
          slot.assign([home, weakly = std::weak_ptr(waiting)](asio::cancellation_type) {
            const auto known = weakly.lock();
            if (!known || !known->resume) return;
            const error_code aborted = asio::error::operation_aborted;
            asio::post(home, asio::append(std::exchange(known->resume, nullptr), aborted, result<void>()));
          });
        }
        start([home, waiting = std::move(waiting)](result<void> outcome) mutable {
          asio::post(home, [waiting = std::move(waiting), outcome = std::move(outcome)]() mutable {
            if (waiting->resume) std::exchange(waiting->resume, nullptr)(error_code(), std::move(outcome));
          });
        });
      },
      use_task);
}

}  // namespace sluice::store
