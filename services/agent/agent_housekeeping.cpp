// What the agent does beside answering: orphans, ended answers, the end of the process.
#include <algorithm>

#include <boost/asio/co_spawn.hpp>

#include "agent/agent.hpp"

namespace sluice::agent {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds housekeeping_max{1000};
constexpr std::chrono::milliseconds housekeeping_min{20};
// How long a generation that was told to stop may take to come to its end.
constexpr std::chrono::milliseconds cancel_patience{500};
// How long an answer that nobody may come back for waits for whoever asked for it, on another node.
constexpr std::chrono::seconds pick_up_limit{30};
// Of `orphan_timeout`, for an answer that whoever asked for it never came for: it may not know that there is one, and
// without a key it cannot ask again.
constexpr int unclaimed_share = 4;
// Who does not know whether a request arrived has asked again by then.
constexpr std::chrono::hours keys_kept{24};
constexpr std::chrono::minutes keys_tick{10};

error stopped_in_mid_answer() {
  return {.reason = error_reason::unavailable,
          .message = "the server was stopped before this answer was whole; ask again",
          .retry_after = std::chrono::seconds(1)};
}

}  // namespace

void agent::begin() {
  for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
    asio::co_spawn(workers_[worker].get_executor(), keep_house(worker), [](std::exception_ptr broken) {
      if (broken) std::rethrow_exception(broken);
    });
  }
  asio::co_spawn(workers_[0].get_executor(), forget_keys(), [](std::exception_ptr broken) {
    if (broken) std::rethrow_exception(broken);
  });
}

task<> agent::forget_keys() {
  steady_timer timer(workers_[0].get_executor());
  for (;;) {
    // What cannot be forgotten now is forgotten the next time.
    std::ignore = co_await store_.forget_keys(std::chrono::system_clock::now() - keys_kept);
    timer.expires_after(keys_tick);
    co_await timer.async_wait(use_task);
  }
}

task<> agent::keep_house(std::size_t worker) {
  const auto tick =
      std::clamp(std::min(settings_.orphan_timeout, settings_.grace) / 4, housekeeping_min, housekeeping_max);
  steady_timer timer(workers_[worker].get_executor());
  for (;;) {
    timer.expires_after(tick);
    co_await timer.async_wait(use_task);
    const auto now = steady_clock::now();
    cancel_orphans(shifts_[worker], now);
    forget_ended(shifts_[worker], now);
  }
}

std::chrono::milliseconds agent::patience_with(const live_generation& unfollowed) const {
  const bool may_be_claimed = unfollowed.handed_out || unfollowed.has_key;
  return may_be_claimed ? settings_.orphan_timeout : settings_.orphan_timeout / unclaimed_share;
}

void agent::cancel_orphans(shift& here, steady_clock::time_point now) const {
  for (const auto& one : here.running) {
    if (one->log->followers() != 0) {
      one->unfollowed_since.reset();
    } else if (!one->unfollowed_since) {
      one->unfollowed_since = now;
    } else if (now - *one->unfollowed_since >= patience_with(*one) && !one->cancelled) {
      one->cancelled = true;
      // Posted: the end of a task may change the list that is walked here.
      workers_[one->worker].post([one] { one->stop.emit(asio::cancellation_type::terminal); });
    }
  }
}

void agent::keep(shift& here, std::shared_ptr<live_generation> ended) {
  const std::uint64_t bytes = ended->log->footprint();
  here.ended_bytes += bytes;
  kept_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  kept_.fetch_add(1, std::memory_order_relaxed);
  here.ended.push_back(std::move(ended));
}

void agent::let_go(shift& here, const live_generation& ended) {
  const std::uint64_t bytes = ended.log->footprint();
  here.ended_bytes -= bytes;
  kept_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  kept_.fetch_sub(1, std::memory_order_relaxed);
  table_.forget(ended.log->id());
}

void agent::forget_ended(shift& here, steady_clock::time_point now) {
  const std::uint64_t share = settings_.ended_bytes_max / shifts_.size();
  while (!here.ended.empty() && (now - here.ended.front()->ended_at >= settings_.grace || here.ended_bytes > share)) {
    let_go(here, *here.ended.front());
    here.ended.pop_front();
  }
}

void agent::forget_soon(const std::shared_ptr<live_generation>& self) {
  const executor here = workers_[self->worker].get_executor();
  asio::co_spawn(
      here,
      [](executor on, agent& of, std::string id) -> task<> {
        steady_timer timer(on, pick_up_limit);
        co_await timer.async_wait(use_task);
        of.table_.forget(id);
      }(here, *this, self->log->id()),
      [](std::exception_ptr broken) {
        if (broken) std::rethrow_exception(broken);
      });
}

void agent::drop_conversation(const std::string& conversation_id) {
  for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
    workers_[worker].post([this, worker, conversation_id] {
      shift& here = shifts_[worker];
      const auto is_of_it = [&](const auto& one) { return one->about.conversation_id == conversation_id; };
      for (const auto& one : std::vector(here.running)) {
        if (!is_of_it(one)) continue;
        one->resumable = false;  // so that its end is the last of it
        one->handed_out = true;
        if (std::exchange(one->cancelled, true) || one->log->ended()) continue;
        one->stop.emit(asio::cancellation_type::terminal);
      }
      for (const auto& one : here.ended) {
        if (!is_of_it(one)) continue;
        let_go(here, *one);
      }
      std::erase_if(here.ended, is_of_it);
    });
  }
}

task<> agent::drain(std::chrono::milliseconds limit) {
  draining_.store(true, std::memory_order_relaxed);
  co_await quiet_down(limit);
  if (live() == 0) co_return;
  for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
    workers_[worker].post([this, worker] {
      for (const auto& one : std::vector(shifts_[worker].running)) {
        if (std::exchange(one->cancelled, true)) continue;
        one->problem = stopped_in_mid_answer();
        one->stop.emit(asio::cancellation_type::terminal);
      }
    });
  }
  co_await quiet_down(cancel_patience);
}

task<> agent::quiet_down(std::chrono::milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  steady_timer timer(co_await asio::this_coro::executor);
  while (live() != 0 && steady_clock::now() < deadline) {
    timer.expires_after(housekeeping_min);
    co_await timer.async_wait(use_task);
  }
}

}  // namespace sluice::agent
