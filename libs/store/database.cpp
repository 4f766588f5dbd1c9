#include "store/database.hpp"

#include <future>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "store/migrations.hpp"
#include "store/sqlite_database.hpp"

namespace sluice::store {
namespace {

// A coroutine that waits for its work. Touched on the coroutine's own worker only.
struct waiter {
  asio::any_completion_handler<void(error_code, result<void>)> resume;
};

}  // namespace

result<std::unique_ptr<database>> database::open(database_settings told) {
  const std::string_view url = told.url;
  if (url.starts_with("sqlite:")) return open_sqlite(url.substr(7), told);
  if (url.starts_with("postgresql:") || url.starts_with("postgres:"))
    return failure(error_reason::not_implemented, "PostgreSQL is not supported yet; use sqlite:PATH", "database.url");
  return failure(error_reason::invalid_argument, "the database's URL must be sqlite:PATH", "database.url");
}

result<void> database::migrate(std::string_view component, std::span<const migration> steps) {
  return perform_now(transaction::writing, [this, component, steps](soci::session* sql) {
    return apply_migrations(*sql, component, steps,
                            [&](const std::string& script) { return run_script(*sql, script); });
  });
}

task<result<void>> database::perform(transaction kind, statements work) {
  const executor home = co_await asio::this_coro::executor;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<executor>&, void(error_code, result<void>)>(
      [this, home, kind, &work](auto handler) {
        auto waiting = std::make_shared<waiter>();
        waiting->resume = std::move(handler);
        // Of the erased handler: erasing occupies the slot of the original.
        auto slot = asio::get_associated_cancellation_slot(waiting->resume);
        if (slot.is_connected()) {
          slot.assign([home, waiting](asio::cancellation_type) {
            if (!waiting->resume) return;
            const error_code aborted = asio::error::operation_aborted;
            asio::post(home, asio::append(std::exchange(waiting->resume, nullptr), aborted, result<void>()));
          });
        }
        submit(kind, std::move(work), [home, waiting = std::move(waiting)](result<void> outcome) mutable {
          asio::post(home, [waiting = std::move(waiting), outcome = std::move(outcome)]() mutable {
            if (waiting->resume) std::exchange(waiting->resume, nullptr)(error_code(), std::move(outcome));
          });
        });
      },
      use_task);
}

result<void> database::perform_now(transaction kind, statements work) {
  std::promise<result<void>> promised;
  submit(kind, std::move(work), [&promised](result<void> outcome) { promised.set_value(std::move(outcome)); });
  return promised.get_future().get();
}

}  // namespace sluice::store
