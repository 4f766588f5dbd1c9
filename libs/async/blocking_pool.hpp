// Threads for what blocks: name look-ups, files, SQL, password hashing.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>

#include "async/task.hpp"
#include "base/error.hpp"

namespace sluice::async {

/// A bounded pool with a bounded queue. When the queue is full, work is refused at once (`unavailable`) and nobody
/// waits in the dark.
class blocking_pool {
 public:
  blocking_pool(std::string name, std::size_t threads, std::size_t queue_max);
  /// Finishes what is queued, then joins.
  ~blocking_pool();
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;

  /// Runs `work()` on a thread of the pool and resumes the caller on its own worker with the value. What `work` throws
  /// is thrown here. `work` owns all that it touches: a caller that is cancelled does not wait for it.
  template <class Work>
  task<result<std::invoke_result_t<Work>>> run(Work work) {
    using value = std::invoke_result_t<Work>;
    const executor home = co_await asio::this_coro::executor;
    auto outcome =
        co_await asio::async_initiate<const asio::use_awaitable_t<executor>&, void(std::shared_ptr<answer<value>>)>(
            [this, home, &work](auto handler) {
              auto box = std::make_shared<answer<value>>();
              asio::any_completion_handler<void(std::shared_ptr<answer<value>>)> resume(std::move(handler));
              auto shared_resume = std::make_shared<decltype(resume)>(std::move(resume));
              const bool taken = enqueue([box, shared_resume, home, work = std::move(work)]() mutable {
                try {
                  box->value.emplace(work());
                } catch (...) {
                  box->failure = std::current_exception();
                }
                asio::post(home, asio::append(std::move(*shared_resume), box));
              });
              if (!taken) asio::post(home, asio::append(std::move(*shared_resume), box));
            },
            use_task);
    if (outcome->failure) std::rethrow_exception(outcome->failure);
    if (!outcome->value)
      co_return failure(error_reason::unavailable, "the server is overloaded (" + name_ + " queue is full); try again");
    co_return std::move(*outcome->value);
  }

 private:
  template <class T>
  struct answer {
    std::optional<T> value;
    std::exception_ptr failure;
  };
  bool enqueue(std::move_only_function<void()> work);
  void serve();

  std::string name_;
  std::size_t queue_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::move_only_function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::async
