#include "agent/module.hpp"

#include <atomic>
#include <utility>

#include <fmt/format.h>

#include "agent/agent.hpp"
#include "agent/conversation_store_sql.hpp"
#include "agent/conversations.hpp"
#include "agent/generation_leases.hpp"
#include "agent/recorder.hpp"
#include "agent/usage_ledger.hpp"
#include "telemetry/names.hpp"

namespace sluice::agent {
// Counts generations and logs how they end.
class module::watch final : public observer {
 public:
  watch(telemetry::metric_registry& metrics, const telemetry::logger& log)
      : live_(metrics.make_gauge(telemetry::names::live_generations)),
        ended_(metrics.make_counters(telemetry::names::generations, {"provider", "model", "status"})),
        first_token_(metrics.make_histograms(telemetry::names::first_token_seconds, {"provider"},
                                             telemetry::generation_seconds())),
        token_gap_(
            metrics.make_histograms(telemetry::names::token_gap_seconds, {"provider"}, telemetry::delta_seconds())),
        attempts_(metrics.make_counters(telemetry::names::provider_attempts, {"provider", "outcome"})),
        attempt_duration_(
            metrics.make_histograms(telemetry::names::provider_seconds, {"provider"}, telemetry::generation_seconds())),
        duration_(metrics.make_histograms(telemetry::names::generation_seconds, {"provider"},
                                          telemetry::generation_seconds())),
        tokens_(metrics.make_counters(telemetry::names::tokens, {"provider", "model", "kind"})),
        deltas_(metrics.make_counter(telemetry::names::deltas)),
        log_(log) {}

  /// Set while the workers run, before any generation is begun here.
  std::atomic<generation_leases*> leases = nullptr;

  void on_started(const live_generation& begun) override {
    live_.add();
    if (auto* const kept = leases.load(std::memory_order_relaxed)) kept->on_started(begun.log->id());
  }

  void on_attempted(const live_generation& of, std::uint32_t number, const generation::finish& how) override {
    attempts_.at({how.provider, how.problem ? to_string(how.problem->reason) : to_string(how.status)}).add();
    attempt_duration_.at({how.provider}).observe(how.total);
    if (!how.problem) return;
    log_.log(telemetry::log_level::info, "an attempt at a provider failed",
             {{telemetry::names::generation_id, of.log->id()},
              {telemetry::names::request_id, of.request_id},
              {telemetry::names::trace_id, of.trace.context().trace_id_text()},
              {telemetry::names::provider, how.provider},
              {"attempt", number},
              {"reason", to_string(how.problem->reason)},
              {"problem", how.problem->message},
              {"detail", how.problem->detail},
              {"total_ms", how.total}});
  }

  void on_ended(const live_generation& ended, const generation::finish& how) override {
    live_.subtract();
    if (auto* const kept = leases.load(std::memory_order_relaxed))
      kept->on_ended(ended.log->id(), ended.resumable || !ended.handed_out);
    const std::string& provider = how.provider.empty() ? ended.about.provider : how.provider;
    const std::string& model = ended.model_label;
    ended_.at({provider, model, to_string(how.status)}).add();
    if (how.time_to_first_token) first_token_.at({provider}).observe(*how.time_to_first_token);
    duration_.at({provider}).observe(how.total);
    add_gaps(provider, ended.log->published(), how);
    deltas_.add(ended.log->published());
    add_tokens(provider, model, "input", how.usage.input_tokens);
    add_tokens(provider, model, "cached", how.usage.cached_tokens);
    add_tokens(provider, model, "output", how.usage.output_tokens);
    add_tokens(provider, model, "reasoning", how.usage.reasoning_tokens);
    report(ended, how);
  }

  void on_record_trouble(record_trouble what, const ended_generation* of, const error& why) const {
    const auto [level, text] = words_for(what);
    const ended_generation unreadable{};
    const ended_generation& about = of == nullptr ? unreadable : *of;
    // With what is owed for it, should it be lost.
    log_.log(level, text,
             {{telemetry::names::generation_id, about.id},
              {"conversation_id", about.conversation_id},
              {"user_id", about.who.user_id},
              {"key_id", about.who.key_id},
              {telemetry::names::provider, about.how.provider},
              {telemetry::names::model, about.model},
              {"input_tokens", about.how.usage.input_tokens},
              {"output_tokens", about.how.usage.output_tokens},
              {"problem", why.message},
              {"detail", why.detail}});
  }

  void on_broken(const live_generation& which, std::exception_ptr why) override {
    log_.error("a generation broke", {{telemetry::names::generation_id, which.log->id()},
                                      {telemetry::names::trace_id, which.trace.context().trace_id_text()},
                                      {"problem", message_of(why)}});
  }

 private:
  static std::pair<telemetry::log_level, std::string_view> words_for(record_trouble what) {
    using enum telemetry::log_level;
    switch (what) {
      case record_trouble::waits:
        return {warning, "a record has to wait"};
      case record_trouble::in_memory:
        return {error, "a record is in memory alone: neither database nor disk take it; nothing new is begun"};
      case record_trouble::set_aside:
        return {error, "the database refused a record for ever: it was set aside, in records.outbox.refused"};
      case record_trouble::lost:
        return {error, "a record is lost"};
    }
    std::unreachable();
  }

  void add_gaps(const std::string& provider, std::uint64_t published, const generation::finish& how) {
    constexpr std::uint64_t ends = 2;  // the first delta, and the finish
    if (!how.time_to_first_token || published <= ends) return;
    const std::chrono::duration<double> written = how.total - *how.time_to_first_token;
    token_gap_.at({provider}).observe(written / static_cast<double>(published - ends));
  }

  void add_tokens(const std::string& provider, const std::string& model, std::string_view kind, std::int64_t count) {
    if (count > 0) tokens_.at({provider, model, kind}).add(static_cast<std::uint64_t>(count));
  }

  void report(const live_generation& ended, const generation::finish& how) const {
    const bool failed = how.status == generation::status::failed;
    const auto level = failed ? telemetry::log_level::warning : telemetry::log_level::debug;
    if (!log_.enabled(level)) return;
    log_.log(level, failed ? "a generation failed" : "a generation ended",
             {{telemetry::names::generation_id, ended.log->id()},
              {telemetry::names::request_id, ended.request_id},
              {telemetry::names::trace_id, ended.trace.context().trace_id_text()},
              {telemetry::names::provider, how.provider},
              {telemetry::names::model, ended.about.model},
              {"attempts", how.attempts},
              {"status", to_string(how.status)},
              {"reason", how.problem ? to_string(how.problem->reason) : to_string(how.reason())},
              {"problem", how.problem ? std::string_view(how.problem->message) : std::string_view()},
              {"detail", how.problem ? std::string_view(how.problem->detail) : std::string_view()},
              {"total_ms", how.total}});
  }

  telemetry::gauge& live_;
  telemetry::family<telemetry::counter>& ended_;
  telemetry::family<telemetry::histogram>& first_token_;
  telemetry::family<telemetry::histogram>& token_gap_;
  telemetry::family<telemetry::counter>& attempts_;
  telemetry::family<telemetry::histogram>& attempt_duration_;
  telemetry::family<telemetry::histogram>& duration_;
  telemetry::family<telemetry::counter>& tokens_;
  telemetry::counter& deltas_;
  telemetry::logger log_;
};

module::module(async::worker_pool& workers, settings told, std::vector<std::shared_ptr<provider>> providers,
               store::database& database, store::outbox& outbox, telemetry::metric_registry& metrics,
               const telemetry::tracer& spans, const telemetry::logger& log) :workers_(workers),
    log_(log), watch_(std::make_unique<watch>(metrics, log)),
    store_(std::make_unique<conversation_store_sql>(database)),
    records_(std::make_unique<recorder>(workers, *store_, outbox, recorder::settings{},
                                        [this](record_trouble what, const ended_generation* of, const error& why) {
                                          watch_->on_record_trouble(what, of, why);
                                        })),
    agent_(std::make_unique<agent>(workers, std::move(told), std::move(providers), *store_, *records_, *watch_, spans)),
    conversations_(std::make_unique<conversations>(*store_, *agent_)), usage_(std::make_unique<usage_ledger>(*store_)) {
  metrics.make_observed_gauge(telemetry::names::waiting_records,
                              [this] { return static_cast<double>(records_->waiting()); });
  metrics.make_observed_gauge(telemetry::names::kept_generations,
                              [this] { return static_cast<double>(agent_->kept()); });
  metrics.make_observed_gauge(telemetry::names::kept_bytes,
                              [this] { return static_cast<double>(agent_->kept_bytes()); });
}

module::~module() = default;

service& module::face() {
  return *agent_;
}

conversation_service& module::stored() {
  return *conversations_;
}

std::uint64_t module::live() const {
  return agent_->live();
}

usage_reports& module::usage() {
  return *usage_;
}

result<void> module::begin(bool alone) {
  if (auto current = store_->migrate(); !current) return current;
  if (auto caught_up = workers_.run_first(records_->catch_up()); !caught_up) return caught_up;
  if (alone) {
    const auto interrupted = store_->close_interrupted(std::chrono::system_clock::now());
    if (!interrupted) return std::unexpected(interrupted.error());
    if (*interrupted != 0) log_.warning("answers were interrupted by the last end", {{"count", *interrupted}});
  }
  records_->begin();
  agent_->begin();
  return {};
}

void module::join(state::shared_state& others, std::string address) {
  leases_ = std::make_unique<generation_leases>(
      workers_, others, *store_, agent_place{.owner = agent_->owner(), .address = std::move(address)},
      agent_->kept_after_end(), [this](const std::string& id) { agent_->drop_conversation(id); }, log_);
  conversations_->join(*leases_);
  leases_->begin();
  watch_->leases.store(leases_.get());
}

task<> module::leave() {
  if (leases_) co_await leases_->stop();
}

task<> module::drain(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  co_await agent_->drain(limit);
  co_await records_->settle(std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()));
}

task<result<void>> module::check() {
  if (records_->is_full()) {
    co_return failure(error_reason::unavailable,
                      fmt::format("{} records of answers wait and no more can be kept", records_->waiting()));
  }
  co_return result<void>();
}

}  // namespace sluice::agent
