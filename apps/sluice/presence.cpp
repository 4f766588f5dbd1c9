#include "app/presence.hpp"

#include <boost/asio/post.hpp>

#include "async/with_deadline.hpp"

namespace sluice::app {
namespace {

constexpr std::chrono::seconds farewell_limit{1};

}  // namespace

presence::presence(async::worker_pool& workers, state::shared_state& in, const telemetry::logger& log)
    : workers_(workers),
      registry_(in),
      log_(log),
      saying_(workers[0].get_executor(), [](const std::exception_ptr& broken) { std::rethrow_exception(broken); }) {}

void presence::begin(state::node_record about, counts live) {
  workers_[0].post([this, about = std::move(about), live = std::move(live)]() mutable {
    about_ = std::move(about);
    live_ = std::move(live);
    saying_.spawn(keep_saying());
  });
}

void presence::end() {
  workers_.run_first(leave());
}

task<> presence::keep_saying() {
  steady_timer timer(workers_[0].get_executor());
  for (bool was_heard = true;;) {
    state::node_record now = about_;
    now.counts = live_();
    const auto heard = co_await registry_.heartbeat(std::move(now));
    if (!heard && was_heard)
      log_.warning("other nodes do not hear that this one is there", {{"problem", heard.error().message}});
    was_heard = heard.has_value();
    timer.expires_after(state::node_registry::interval);
    co_await timer.async_wait(use_task);
  }
}

task<> presence::leave() {
  const bool was_there = saying_.size() != 0;
  saying_.cancel();
  co_await saying_.join();
  if (was_there) (void)co_await async::with_deadline(registry_.leave(about_.id), farewell_limit);
}

}  // namespace sluice::app
