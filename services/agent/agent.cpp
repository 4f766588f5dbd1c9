#include "agent/agent.hpp"

#include <algorithm>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include "agent/conversation_turn.hpp"
#include "agent/generation_trace.hpp"
#include "agent/stored_answer.hpp"
#include "async/with_deadline.hpp"
#include "base/ids.hpp"
#include "base/utf8.hpp"
#include "telemetry/names.hpp"

namespace sluice::agent {
namespace {

using std::chrono::steady_clock;

// How long a request of one turn waits for its key to be kept.
constexpr std::chrono::milliseconds key_patience{2'000};

error not_found(const std::string& generation_id) {
  return {.reason = error_reason::not_found,
          .message = fmt::format("there is no generation \"{}\", or it ended too long ago", clip(generation_id, 64)),
          .param = "generation_id"};
}

// What a crash left of an answer, in the words of a terminal record.
generation::finish interrupted(const generation_record& about) {
  return {.status = generation::status::failed,
          .problem = error{.reason = error_reason::unavailable,
                           .message = "the server was restarted while this answer was being written"},
          .provider = about.provider,
          .attempts = 1};
}

}  // namespace

agent::agent(async::worker_pool& workers, settings told, std::vector<std::shared_ptr<provider>> providers,
             conversation_store& store, recorder& records, observer& watcher, const telemetry::tracer& spans)
    : workers_(workers),
      settings_(std::move(told)),
      owner_(make_id("agent")),
      routes_(settings_, std::move(providers)),
      store_(store),
      records_(records),
      observer_(watcher),
      spans_(spans),
      shifts_(workers.size()) {}

agent::~agent() = default;

// What costs must be recorded, and what is begun must have the time to end.
std::optional<error> agent::refusal_of_new_work() const {
  if (draining_.load(std::memory_order_relaxed)) {
    return error{.reason = error_reason::unavailable,
                 .message = "this server is shutting down; try again, another one will answer",
                 .retry_after = std::chrono::seconds(1)};
  }
  if (records_.is_full()) {
    return error{.reason = error_reason::unavailable,
                 .message = "this server cannot record answers at this moment; try again",
                 .retry_after = std::chrono::seconds(5)};
  }
  return std::nullopt;
}

task<result<started>> agent::start(start_request asked) {
  if (auto refused = refusal_of_new_work()) co_return std::unexpected(std::move(*refused));
  result<route> chosen = routes_.choose(asked.request.model, routes_.roll());
  if (!chosen) co_return std::unexpected(std::move(chosen.error()));

  auto self = std::make_shared<live_generation>();
  self->log = std::make_shared<generation::log>(workers_, make_id("gen"), settings_.log_bytes_max);
  self->who = asked.who;
  self->request_id = std::move(asked.request_id);
  self->about = {.generation_id = self->log->id(),
                 .conversation_id = {},
                 .message_id = {},
                 .model = chosen->model,
                 .provider = std::string(chosen->to->name())};
  self->model_label = chosen->model_label;
  self->worker = async::this_worker();
  self->began = steady_clock::now();
  self->resumable = asked.resumable;
  self->has_key = asked.key.has_value();
  self->trace = begin_generation_span(spans_, asked, *self);
  if (!table_.add(self, settings_.live_per_user_max)) co_return co_await refuse_full(*self, asked);
  live_.fetch_add(1, std::memory_order_relaxed);
  result<std::optional<started>> before;
  try {
    before = co_await place(*self, asked, chosen->context_tokens);
  } catch (...) {  // cancelled by a stop, for one
    release(*self);
    throw;
  }
  if (!before) self->trace.fail(before.error());
  if (!before || *before) {
    release(*self);
    if (!before) co_return std::unexpected(std::move(before.error()));
    co_return std::move(**before);
  }
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

// No place is left for a new one; but it may be that one of those which have a place is this very request.
task<result<started>> agent::refuse_full(live_generation& self, const start_request& asked) {
  if (asked.key) {
    auto before = co_await store_.find_begun(asked.who, *asked.key);
    if (before && *before) co_return std::move(**before);
  }
  error refused{.reason = error_reason::rate_limited,
                .message = fmt::format("you have {} answers under way, which is the most at one time",
                                       settings_.live_per_user_max)};
  refused.retry_after = std::chrono::seconds(1);
  self.trace.fail(refused);
  co_return std::unexpected(std::move(refused));
}

task<result<std::optional<started>>> agent::place(live_generation& self, start_request& asked,
                                                  std::uint64_t context_tokens) {
  if (!asked.conversation_id.empty()) return place_in_conversation(self, asked, context_tokens);
  return claim_key(self, asked);
}

task<result<std::optional<started>>> agent::claim_key(const live_generation& self, const start_request& asked) {
  if (!asked.key) co_return std::nullopt;
  auto before = co_await async::with_deadline(
      store_.claim_key(asked.who, *asked.key, self.about, std::chrono::system_clock::now()), key_patience);
  // A request of one turn needs nothing of the database: it is answered even while its key cannot be kept.
  if (!before || (!*before && before->error().reason == error_reason::unavailable)) co_return std::nullopt;
  co_return std::move(*before);
}

task<result<std::optional<started>>> agent::place_in_conversation(live_generation& self, start_request& asked,
                                                                  std::uint64_t context_tokens) {
  auto turn = make_turn(asked, std::chrono::system_clock::now());
  if (!turn) co_return std::unexpected(std::move(turn.error()));
  turn->generation_id = self.about.generation_id;
  turn->model = self.about.model;
  turn->provider = self.about.provider;
  turn->owner = owner_;
  self.about.conversation_id = turn->conversation_id;
  self.about.message_id = turn->answer_id;
  const auto place = co_await store_.begin_turn(std::move(*turn), records_.waiting_in(self.about.conversation_id));
  if (!place) co_return std::unexpected(place.error());
  if (place->before) co_return place->before;

  // The question is stored: what goes wrong from here on is the generation's failure.
  const std::uint64_t bytes_max = history_bytes_max(asked.request, context_tokens);
  std::vector<generation::message> history;
  if (!place->parent_id.empty()) {
    auto path = co_await store_.read_path(self.about.conversation_id, place->parent_id, bytes_max);
    if (path) {
      history = std::move(*path);
    } else {
      self.problem = std::move(path.error());
    }
  }
  add_history(asked.request, place->system, std::move(history), bytes_max);
  co_return std::nullopt;
}

void agent::conclude(const std::shared_ptr<live_generation>& self, generation::finish ending) {
  self->log->end(std::move(ending));
  end_generation_span(self->trace, self->log->ending(), *self->log);
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
  if (!self->resumable) {
    if (self->handed_out) return table_.forget(self->log->id());
    return forget_soon(self);
  }
  self->ended_at = steady_clock::now();
  keep(here, self);
}

void agent::release(const live_generation& refused) {
  table_.settle(refused);
  table_.forget(refused.log->id());
  live_.fetch_sub(1, std::memory_order_relaxed);
}

std::shared_ptr<live_generation> agent::find_own(const caller& who, const std::string& generation_id) const {
  if (!is_id("gen", generation_id)) return nullptr;
  auto found = table_.find(generation_id);
  return found && found->who.user_id == who.user_id ? found : nullptr;
}

ended_generations agent::unrecorded_of(const std::string& conversation_id) const {
  return records_.waiting_in(conversation_id);
}

task<result<followed>> agent::follow(caller who, std::string generation_id, std::uint64_t after) {
  followed found;
  if (const auto live = find_own(who, generation_id)) {
    live->handed_out = true;
    found = {.log = live->log, .about = live->about};
  } else {
    auto read = co_await follow_record(who, generation_id, after);
    if (!read) co_return std::unexpected(std::move(read.error()));
    found = std::move(*read);
  }
  const std::uint64_t last = found.log->last_number();
  if (after > last) {
    co_return failure(error_reason::invalid_argument,
                      fmt::format("after is {}, but the last number so far is {}", after, last), "after");
  }
  co_return found;
}

task<result<followed>> agent::follow_record(const caller& who, const std::string& generation_id, std::uint64_t after) {
  if (!is_id("gen", generation_id)) co_return std::unexpected(not_found(generation_id));
  auto read = co_await store_.read_generation(who, generation_id);
  if (!read && read.error().reason != error_reason::not_found) co_return std::unexpected(std::move(read.error()));
  if (!read || read->about.message_id.empty()) co_return std::unexpected(not_found(generation_id));
  if (const auto waiting = records_.find_waiting(generation_id)) {
    read->answer = waiting->answer;
    read->how = waiting->how;
    read->last_number = waiting->last_number;
  }
  generation_record& about = read->about;
  if (!read->how && about.status == "running")
    co_return failure(error_reason::unavailable, "this answer is being written elsewhere, or about to be stored");
  // How far the log of an interrupted one went is not known: whoever was told a number goes on above that.
  if (!read->how) read->last_number = std::max(read->last_number, after);
  co_return followed{.log = make_log(workers_, generation_id, read->answer,
                                     read->how ? std::move(*read->how) : interrupted(about), read->last_number),
                     .about = {.generation_id = generation_id,
                               .conversation_id = std::move(about.conversation_id),
                               .message_id = std::move(about.message_id),
                               .model = std::move(about.model),
                               .provider = std::move(about.provider)}};
}

task<result<void>> agent::cancel(caller who, std::string generation_id) {
  const auto found = find_own(who, generation_id);
  if (!found) {
    // One that has ended long ago is as cancelled as it can be; one that never was is not found.
    const auto ended = co_await follow_record(who, generation_id, 0);
    if (!ended) co_return std::unexpected(ended.error());
    co_return result<void>{};
  }
  workers_[found->worker].post([found] {
    if (found->log->ended() || found->cancelled) return;
    found->cancelled = true;
    found->trace.add_event(telemetry::names::event_cancel);
    found->stop.emit(asio::cancellation_type::terminal);
  });
  co_return result<void>{};
}

task<result<std::vector<model_card>>> agent::models(caller) {
  co_return routes_.models();
}

}  // namespace sluice::agent
