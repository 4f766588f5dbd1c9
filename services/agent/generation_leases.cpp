#include "agent/generation_leases.hpp"

#include <utility>
#include <vector>

namespace sluice::agent {
namespace {

constexpr const char* dropped_topic = "conversations.dropped";

}  // namespace

generation_leases::generation_leases(async::worker_pool& workers, state::shared_state& in, conversation_store& store,
                                     agent_place here, std::chrono::milliseconds kept,
                                     std::function<void(const std::string&)> drop_conversation,
                                     const telemetry::logger& log)
    : workers_(workers),
      directory_(in),
      store_(store),
      here_(std::move(here)),
      kept_(std::max(kept, std::chrono::milliseconds(1))),
      drop_conversation_(std::move(drop_conversation)),
      state_(in),
      log_(log),
      running_(workers[0].get_executor(), [this](const std::exception_ptr& broken) {
        log_.error("keeping the directory of generations broke", {{"problem", message_of(broken)}});
      }) {}

void generation_leases::begin() {
  workers_[0].post([this] {
    running_.spawn(keep_renewing());
    running_.spawn(keep_looking_for_lost());
    running_.spawn(keep_hearing_of_dropped());
  });
}

task<> generation_leases::stop() {
  running_.cancel();
  co_await running_.join();
  (void)co_await directory_.remove_agent(here_.owner);
}

void generation_leases::on_started(std::string generation_id) {
  workers_[0].post([this, id = std::move(generation_id)] {
    live_.insert(id);
    running_.spawn(put(id, generation_directory::lease));
  });
}

void generation_leases::on_ended(std::string generation_id, bool is_kept) {
  workers_[0].post([this, id = std::move(generation_id), is_kept] {
    live_.erase(id);
    running_.spawn(is_kept ? put(id, kept_) : remove(id));
  });
}

void generation_leases::on_conversation_dropped(std::string conversation_id) {
  workers_[0].post([this, id = std::move(conversation_id)] { running_.spawn(say_dropped(id)); });
}

// With shared state away nobody hears it: an answer that runs elsewhere then comes to its end, and is stored nowhere.
task<> generation_leases::say_dropped(std::string conversation_id) {
  (void)co_await state_.publish(dropped_topic, std::move(conversation_id));
}

task<> generation_leases::keep_hearing_of_dropped() {
  const auto heard = state_.subscribe(workers_[0].get_executor(), {dropped_topic});
  for (;;) {
    const state::announcement one = co_await heard->next();
    if (!one.missed) drop_conversation_(one.text);
  }
}

task<> generation_leases::put(std::string generation_id, std::chrono::milliseconds lifetime) {
  (void)co_await directory_.put(std::move(generation_id), here_, lifetime);  // said again if it was not heard
}

task<> generation_leases::remove(std::string generation_id) {
  (void)co_await directory_.remove(std::move(generation_id), here_.owner);  // ends by itself otherwise
}

task<> generation_leases::keep_renewing() {
  steady_timer timer(workers_[0].get_executor());
  for (;;) {
    bool is_heard = (co_await directory_.put_agent(here_)).has_value();
    const std::vector<std::string> all(live_.begin(), live_.end());
    for (const std::string& id : all) {
      if (!is_heard) break;
      if (live_.contains(id)) is_heard = (co_await directory_.put(id, here_)).has_value();
    }
    timer.expires_after(generation_directory::renewal);
    co_await timer.async_wait(use_task);
  }
}

task<> generation_leases::keep_looking_for_lost() {
  steady_timer timer(workers_[0].get_executor());
  for (;;) {
    timer.expires_after(generation_directory::look);
    co_await timer.async_wait(use_task);
    co_await look_for_lost(clock::now());
  }
}

task<> generation_leases::look_for_lost(clock::time_point now) {
  const auto is_whole = co_await directory_.mark(here_.owner);
  if (!is_whole) {  // nobody could look, and perhaps nobody could renew: nobody is missing
    whole_since_.reset();
    missing_since_.clear();
    co_return;
  }
  if (!*is_whole || !whole_since_) {
    whole_since_ = now;
    missing_since_.clear();
  }
  if (now - *whole_since_ >= generation_directory::lease) co_await close_lost(now);
}

task<> generation_leases::close_lost(clock::time_point now) {
  const auto owners = co_await store_.list_owners();
  if (!owners) co_return;
  std::unordered_map<std::string, clock::time_point> missing;
  for (const std::string& owner : *owners) {
    if (owner == here_.owner) continue;
    const auto is_there = co_await directory_.has_agent(owner);
    if (!is_there) {
      whole_since_.reset();
      missing_since_.clear();
      co_return;
    }
    if (*is_there) continue;
    const auto known = missing_since_.find(owner);
    const auto since = known == missing_since_.end() ? now : known->second;
    if (now - since < generation_directory::renewal) {
      missing.emplace(owner, since);
      continue;
    }
    const auto closed = co_await store_.close_interrupted_of(owner, std::chrono::system_clock::now());
    if (!closed) {
      missing.emplace(owner, since);
    } else if (*closed != 0) {
      log_.warning("answers were interrupted by the end of another agent", {{"agent", owner}, {"count", *closed}});
    }
  }
  missing_since_ = std::move(missing);
}

}  // namespace sluice::agent
