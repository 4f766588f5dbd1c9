// A generation runs: attempts at providers, until one of them answers.
#include <algorithm>

#include <boost/system/system_error.hpp>

#include "agent/agent.hpp"
#include "agent/attempt_plan.hpp"
#include "agent/conversation_turn.hpp"
#include "agent/generation_trace.hpp"
#include "agent/stored_answer.hpp"
#include "telemetry/names.hpp"

namespace sluice::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

generation::status status_of(const std::vector<generation::choice_finish>& choices) {
  const bool cut = std::ranges::any_of(choices, [](const generation::choice_finish& one) {
    return one.reason == generation::finish_reason::length || one.reason == generation::finish_reason::context_length ||
           one.reason == generation::finish_reason::content_filter;
  });
  return cut ? generation::status::incomplete : generation::status::completed;
}

std::shared_ptr<const ended_generation> make_record(const live_generation& of, const generation::finish& how) {
  auto record = std::make_shared<ended_generation>(
      ended_generation{.id = of.log->id(),
                       .who = of.who,
                       .conversation_id = of.about.conversation_id,
                       .message_id = of.about.message_id,
                       .model = of.about.model,
                       .answer = {},
                       .how = how,
                       .last_number = of.log->last_number() + 1,  // the terminal delta is yet to come
                       .ended_at = std::chrono::system_clock::now()});
  if (!record->conversation_id.empty()) {
    record->answer = read_answer(*of.log);
    if (has_vendor_fields(record->answer)) record->answer.provider = how.provider;
  }
  return record;
}

milliseconds since(steady_clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
}

// The request as this provider may see it: vendor fields of answers that others gave are nothing to it. `own` holds the
// copy where one is needed.
const generation::request& as_seen_by(const provider& to, const generation::request& asked,
                                      std::optional<generation::request>& own) {
  own.reset();
  const bool has_foreign = std::ranges::any_of(asked.messages, [&](const generation::message& one) {
    return !one.provider.empty() && one.provider != to.name();
  });
  if (!has_foreign) return asked;
  own = asked;
  drop_vendor_fields_of_others(own->messages, to.name());
  return *own;
}

}  // namespace

// One attempt. Whatever goes wrong is in the ending; `said` tells whether there was anything for the client by then.
task<generation::finish> agent::attempt(live_generation& self, const generation::request& asked,
                                        const attempt_plan& plan, bool& said) {
  const route& to = plan.current();
  const steady_clock::time_point began = steady_clock::now();
  std::optional<generation::request> own;
  const generation::request& seen = as_seen_by(*to.to, asked, own);
  provider_output out(*self.log, begin_attempt_span(spans_, self, seen, *to.to, to.provider_model, plan.number()),
                      spans_.shows().propagate);
  out.set_patience(plan.share(began));
  const std::size_t prompt = generation::text_bytes(seen);
  generation::finish ending;
  const auto end_stopped = [&] {
    generation::finish how =
        out.conclude(self.problem ? generation::status::failed : generation::status::cancelled, prompt);
    how.problem = self.problem;
    return how;
  };
  const auto end_broken = [&] {
    observer_.on_broken(self, std::current_exception());
    generation::finish how = out.conclude(generation::status::failed, prompt);
    how.problem = error{.reason = error_reason::internal, .message = "the server failed while it ran this request"};
    return how;
  };
  try {
    result<void> outcome;
    if (self.problem) {
      outcome = std::unexpected(*self.problem);
    } else if (!self.cancelled) {
      outcome = co_await to.to->generate(seen, to.provider_model, out);
    }
    if (self.cancelled) {
      ending = end_stopped();
    } else if (outcome) {
      ending = out.conclude(generation::status::completed, prompt);
      ending.status = status_of(ending.choices);
    } else {
      ending = out.conclude(generation::status::failed, prompt);
      ending.problem = outcome.error();
    }
  } catch (const boost::system::system_error&) {
    ending = self.cancelled ? end_stopped() : end_broken();
  } catch (const std::exception&) {
    ending = end_broken();
  }
  said = out.has_deltas();
  ending.provider = to.to->name();
  if (ending.provider_model.empty()) ending.provider_model = to.provider_model;
  if (const auto first = out.first_delta_at())
    ending.time_to_first_token = std::chrono::duration_cast<milliseconds>(*first - self.began);
  ending.total = since(began);
  end_attempt_span(out.attempt(), ending, *self.log, spans_.shows().content);
  observer_.on_attempted(self, plan.number(), ending);
  co_return ending;
}

// Waits for the next attempt. False if the generation was stopped meanwhile.
task<bool> agent::pause(const live_generation& self, milliseconds wait) {
  if (wait.count() == 0) co_return !self.cancelled;
  steady_timer timer(co_await asio::this_coro::executor, wait);
  try {
    co_await timer.async_wait(use_task);
  } catch (const boost::system::system_error&) {
    if (!self.cancelled) throw;
  }
  co_return !self.cancelled;
}

task<> agent::run(std::shared_ptr<live_generation> self, generation::request asked, route chosen) {
  const milliseconds patience = chosen.to->patience(asked.streamed);
  attempt_plan plan(std::move(chosen), settings_.retry, patience, self->began);
  generation::finish ending;
  std::vector<generation::failed_attempt> earlier;
  for (;;) {
    bool said = false;
    ending = co_await attempt(*self, asked, plan, said);
    const bool is_over = said || !ending.problem || self->cancelled || self->problem;
    const auto wait = is_over ? std::nullopt : plan.next(*ending.problem, routes_, steady_clock::now(), routes_.roll());
    if (!wait) {
      if (!is_over) ending.problem = plan.verdict();
      break;
    }
    earlier.push_back({.provider = ending.provider,
                       .provider_model = ending.provider_model,
                       .reason = ending.problem->reason,
                       .total = ending.total});
    self->trace.add_event(telemetry::names::event_retry);
    if (co_await pause(*self, *wait)) continue;
    // Stopped between two attempts: the last one has used nothing.
    earlier.pop_back();
    ending.status = self->problem ? generation::status::failed : generation::status::cancelled;
    ending.problem = self->problem;
    break;
  }
  if (ending.problem) ending.problem = for_client(std::move(*ending.problem));
  ending.attempts = static_cast<std::uint32_t>(earlier.size() + 1);
  ending.earlier = std::move(earlier);
  ending.total = since(self->began);
  // It has its ending: whoever cancels it now comes too late, and the record is waited for.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_await records_.record(make_record(*self, ending));
  conclude(self, std::move(ending));
}

}  // namespace sluice::agent
