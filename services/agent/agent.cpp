#include "agent/agent.hpp"

#include <algorithm>
#include <random>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include "base/ids.hpp"
#include "base/utf8.hpp"

namespace sluice::agent {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds housekeeping_max{1000};
constexpr std::chrono::milliseconds housekeeping_min{20};
// How long a generation that was told to stop may take to come to its end.
constexpr std::chrono::milliseconds cancel_patience{500};

std::uint64_t roll_dice() {
  thread_local std::mt19937_64 random(std::random_device{}());
  return random();
}

std::size_t prompt_bytes(const generation::request& asked) {
  std::size_t bytes = 0;
  for (const generation::message& message : asked.messages) {
    for (const generation::content_part& part : message.parts) {
      if (const auto* text = std::get_if<generation::text_part>(&part.what)) bytes += text->text.size();
    }
  }
  return bytes;
}

generation::status status_of(const std::vector<generation::choice_finish>& choices) {
  const bool cut = std::ranges::any_of(choices, [](const generation::choice_finish& one) {
    return one.reason == generation::finish_reason::length || one.reason == generation::finish_reason::context_length ||
           one.reason == generation::finish_reason::content_filter;
  });
  return cut ? generation::status::incomplete : generation::status::completed;
}

error not_found(const std::string& generation_id) {
  return {.reason = error_reason::not_found,
          .message = fmt::format("there is no generation \"{}\", or it ended too long ago", clip(generation_id, 64)),
          .param = "generation_id"};
}

std::chrono::milliseconds since(steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begin);
}

}  // namespace

agent::agent(async::worker_pool& workers, settings told, std::vector<std::shared_ptr<provider>> providers,
             observer& watcher)
    : workers_(workers),
      settings_(std::move(told)),
      routes_(settings_, std::move(providers)),
      observer_(watcher),
      shifts_(workers.size()) {}

agent::~agent() = default;

task<result<started>> agent::start(start_request asked) {
  if (draining_.load(std::memory_order_relaxed)) {
    co_return failure(error_reason::unavailable, "this server is shutting down; try again, another one will answer");
  }
  result<route> chosen = routes_.choose(asked.request.model, roll_dice());
  if (!chosen) co_return std::unexpected(std::move(chosen.error()));

  auto self = std::make_shared<live_generation>();
  self->log = std::make_shared<generation::log>(workers_, make_id("gen"), settings_.log_bytes_max);
  self->who = std::move(asked.who);
  self->request_id = std::move(asked.request_id);
  self->about = {.generation_id = self->log->id(),
                 .conversation_id = {},
                 .message_id = {},
                 .model = chosen->model,
                 .provider = std::string(chosen->to->name())};
  self->worker = async::this_worker();
  self->began = steady_clock::now();
  self->resumable = asked.resumable;
  if (!table_.add(self, settings_.live_per_user_max)) {
    error refused{.reason = error_reason::rate_limited,
                  .message = fmt::format("you have {} answers under way, which is the most at one time",
                                         settings_.live_per_user_max)};
    refused.retry_after = std::chrono::seconds(1);
    co_return std::unexpected(std::move(refused));
  }
  live_.fetch_add(1, std::memory_order_relaxed);
  shifts_[self->worker].running.push_back(self);
  observer_.on_started(*self);

  const executor here = workers_[self->worker].get_executor();
  asio::co_spawn(here, run(self, std::move(asked.request), std::move(*chosen)),
                 asio::bind_cancellation_slot(self->stop.slot(), [this, self](std::exception_ptr broken) {
                   if (broken) observer_.on_broken(*self, broken);
                   retire(self);
                 }));
  co_return self->about;
}

task<> agent::run(std::shared_ptr<live_generation> self, generation::request asked, route chosen) {
  provider_output out(*self->log);
  const std::size_t prompt = prompt_bytes(asked);
  generation::finish ending;
  try {
    const result<void> outcome = co_await chosen.to->generate(asked, chosen.provider_model, out);
    if (self->cancelled) {
      ending = out.conclude(generation::status::cancelled, prompt);
    } else if (outcome) {
      ending = out.conclude(generation::status::completed, prompt);
      ending.status = status_of(ending.choices);
    } else {
      ending = out.conclude(generation::status::failed, prompt);
      ending.problem = outcome.error();
    }
  } catch (const boost::system::system_error& problem) {
    if (!self->cancelled) observer_.on_broken(*self, std::current_exception());
    ending = out.conclude(self->cancelled ? generation::status::cancelled : generation::status::failed, prompt);
    if (!self->cancelled)
      ending.problem =
          error{.reason = error_reason::internal, .message = "the server failed while it ran this request"};
  } catch (const std::exception&) {
    observer_.on_broken(*self, std::current_exception());
    ending = out.conclude(generation::status::failed, prompt);
    ending.problem = error{.reason = error_reason::internal, .message = "the server failed while it ran this request"};
  }
  // Nothing is awaited from here on: a cancelled coroutine could not.
  ending.attempts = 1;
  ending.provider = chosen.to->name();
  if (ending.provider_model.empty()) ending.provider_model = chosen.provider_model;
  if (const auto first = out.first_delta_at()) {
    ending.time_to_first_token = std::chrono::duration_cast<std::chrono::milliseconds>(*first - self->began);
  }
  conclude(self, std::move(ending));
}

void agent::conclude(const std::shared_ptr<live_generation>& self, generation::finish ending) {
  ending.total = since(self->began);
  self->log->end(std::move(ending));
  observer_.on_ended(*self, self->log->ending());
}

void agent::retire(const std::shared_ptr<live_generation>& self) {
  if (!self->log->ended()) {  // only if `run` itself broke
    conclude(self, {.status = generation::status::failed,
                    .problem = error{.reason = error_reason::internal,
                                     .message = "the server failed while it ran this request"}});
  }
  table_.settle(*self);
  live_.fetch_sub(1, std::memory_order_relaxed);
  shift& here = shifts_[self->worker];
  const auto place = std::ranges::find(here.running, self);
  if (place != here.running.end()) {
    *place = std::move(here.running.back());
    here.running.pop_back();
  }
  if (!self->resumable) return table_.forget(self->log->id());
  self->ended_at = steady_clock::now();
  here.ended_bytes += self->log->footprint();
  here.ended.push_back(self);
}

std::shared_ptr<live_generation> agent::find_own(const caller& who, const std::string& generation_id) const {
  if (!is_id("gen", generation_id)) return nullptr;
  auto found = table_.find(generation_id);
  return found && found->who.user_id == who.user_id ? found : nullptr;
}

task<result<followed>> agent::follow(caller who, std::string generation_id, std::uint64_t after) {
  const auto found = find_own(who, generation_id);
  if (!found) co_return std::unexpected(not_found(generation_id));
  const std::uint64_t last = found->log->last_number();
  if (after > last) {
    co_return failure(error_reason::invalid_argument,
                      fmt::format("after is {}, but the last number so far is {}", after, last), "after");
  }
  co_return followed{.log = found->log, .about = found->about};
}

task<result<void>> agent::cancel(caller who, std::string generation_id) {
  const auto found = find_own(who, generation_id);
  if (!found) co_return std::unexpected(not_found(generation_id));
  workers_[found->worker].post([found] {
    if (found->log->ended() || found->cancelled) return;
    found->cancelled = true;
    found->stop.emit(asio::cancellation_type::terminal);
  });
  co_return result<void>{};
}

task<result<std::vector<model_card>>> agent::models(caller) {
  co_return routes_.models();
}

void agent::begin() {
  for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
    asio::co_spawn(workers_[worker].get_executor(), keep_house(worker), [](std::exception_ptr broken) {
      if (broken) std::rethrow_exception(broken);
    });
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

void agent::cancel_orphans(shift& here, steady_clock::time_point now) const {
  for (const auto& one : here.running) {
    if (one->log->followers() != 0) {
      one->unfollowed_since.reset();
    } else if (!one->unfollowed_since) {
      one->unfollowed_since = now;
    } else if (now - *one->unfollowed_since >= settings_.orphan_timeout && !one->cancelled) {
      one->cancelled = true;
      // Posted: the end of a task may change the list that is walked here.
      workers_[one->worker].post([one] { one->stop.emit(asio::cancellation_type::terminal); });
    }
  }
}

void agent::forget_ended(shift& here, steady_clock::time_point now) {
  const std::uint64_t share = settings_.ended_bytes_max / shifts_.size();
  while (!here.ended.empty() && (now - here.ended.front()->ended_at >= settings_.grace || here.ended_bytes > share)) {
    here.ended_bytes -= here.ended.front()->log->footprint();
    table_.forget(here.ended.front()->log->id());
    here.ended.pop_front();
  }
}

task<> agent::drain(std::chrono::milliseconds limit) {
  draining_.store(true, std::memory_order_relaxed);
  co_await quiet_down(limit);
  if (live() == 0) co_return;
  for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
    workers_[worker].post([this, worker] {
      for (const auto& one : std::vector(shifts_[worker].running)) {
        one->cancelled = true;
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
