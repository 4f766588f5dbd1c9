#include "async/wakeup.hpp"

#include <cassert>

#include <boost/asio/append.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

namespace sluice::async {

thread_local wakeup::list* wakeup::waiting_here_ = nullptr;

task<> wakeup::wait() {
  if (!notified_) {
    co_await asio::async_initiate<const asio::use_awaitable_t<executor>&, void(error_code)>(
        [this](auto handler) {
          assert(!waiter_ && "a wakeup has one waiter");
          waiter_ = std::move(handler);
          if (waiting_here_ != nullptr) waiting_here_->push_back(*this);
          // Of the erased handler: erasing occupies the slot of the original.
          auto slot = asio::get_associated_cancellation_slot(waiter_);
          if (slot.is_connected()) {
            slot.assign([this](asio::cancellation_type) { complete(asio::error::operation_aborted); });
          }
        },
        use_task);
  }
  notified_ = false;
}

void wakeup::notify() {
  if (notified_) return;
  notified_ = true;
  complete({});
}

void wakeup::complete(error_code code) {
  if (!waiter_) return;
  asio::post(executor_, asio::append(take_waiter(), code));
}

asio::any_completion_handler<void(error_code)> wakeup::take_waiter() {
  hook_.unlink();
  return std::exchange(waiter_, nullptr);
}

}  // namespace sluice::async
