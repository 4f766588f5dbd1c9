#include "async/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace sluice::async {
namespace {

bool is_cancellation(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& problem) {
    return problem.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

}  // namespace

void task_group::spawn(task<> work) {
  const auto place = running_.emplace(running_.end());
  asio::co_spawn(executor_, std::move(work),
                 asio::bind_cancellation_slot(place->slot(), [this, place](std::exception_ptr failure) {
                   running_.erase(place);
                   if (failure && on_failure_ && !is_cancellation(failure)) on_failure_(failure);
                   if (running_.empty()) ended_.notify();
                 }));
}

void task_group::cancel() {
  // A task that ends inside `emit` would erase its own signal under our feet; completions are posted, so none does.
  for (asio::cancellation_signal& signal : running_)
    signal.emit(asio::cancellation_type::terminal);
}

task<> task_group::join() {
  while (!running_.empty())
    co_await ended_.wait();
}

}  // namespace sluice::async
