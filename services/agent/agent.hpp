// The agent's rules: a request becomes a generation, runs to its end whoever listens, and is found again.
#pragma once

#include <atomic>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "agent/agent_service.hpp"
#include "agent/conversation_store.hpp"
#include "agent/generation_table.hpp"
#include "agent/recorder.hpp"
#include "agent/route_table.hpp"
#include "agent/settings.hpp"
#include "async/task_group.hpp"
#include "async/worker_pool.hpp"
#include "telemetry/tracer.hpp"

namespace sluice::agent {

/// Told of what happens to generations, on their workers; for metrics, logs and, later, records.
class observer {
 public:
  virtual ~observer() = default;
  virtual void on_started(const live_generation& begun) = 0;
  /// An attempt at a provider is over: `how` is what would be the generation's end if it was the last one.
  virtual void on_attempted(const live_generation& of, std::uint32_t number, const generation::finish& how) = 0;
  virtual void on_ended(const live_generation& ended, const generation::finish& how) = 0;
  /// An exception that should not have been: our bug or a broken machine.
  virtual void on_broken(const live_generation& which, std::exception_ptr why) = 0;
};

class attempt_plan;

class agent final : public service {
 public:
  agent(async::worker_pool& workers, settings told, std::vector<std::shared_ptr<provider>> providers,
        conversation_store& store, recorder& records, observer& watcher, const telemetry::tracer& spans);
  ~agent() override;

  task<result<started>> start(start_request asked) override;
  task<result<followed>> follow(caller who, std::string generation_id, std::uint64_t after) override;
  task<result<void>> cancel(caller who, std::string generation_id) override;
  task<result<embedding_answer>> embed(caller who, generation::embedding_request asked) override;
  task<result<token_count>> count_tokens(caller who, generation::request asked) override;
  task<result<std::vector<model_card>>> models(caller who) override;

  /// A conversation was deleted: what is running in it is cancelled, what has ended is forgotten. Any worker.
  void drop_conversation(const std::string& conversation_id);

  /// Begins the housekeeping on every worker; before the workers run or while they do.
  void begin();
  /// Refuses new generations and returns when none is running. What still runs after `limit` ends as failed
  /// (unavailable, with `retry_after`), and has a moment for that.
  task<> drain(std::chrono::milliseconds limit);
  /// This process, as others know who writes an answer.
  const std::string& owner() const { return owner_; }
  /// How long an ended generation can still be followed.
  std::chrono::milliseconds kept_after_end() const { return settings_.grace; }
  std::uint64_t live() const { return live_.load(std::memory_order_relaxed); }
  /// Ended generations that can still be followed, and what they hold. Any thread.
  std::uint64_t kept() const { return kept_.load(std::memory_order_relaxed); }
  std::uint64_t kept_bytes() const { return kept_bytes_.load(std::memory_order_relaxed); }
  /// One that is running, or has ended not long ago; null if it is not there or another user's.
  std::shared_ptr<live_generation> find_own(const caller& who, const std::string& generation_id) const;
  /// Answers of the conversation that have ended here and are on their way to the store. Any worker.
  ended_generations unrecorded_of(const std::string& conversation_id) const;

 private:
  // What belongs to one worker: the generations that run there, and those that ended there, oldest first.
  struct shift {
    std::vector<std::shared_ptr<live_generation>> running;
    std::deque<std::shared_ptr<live_generation>> ended;
    std::uint64_t ended_bytes = 0;
  };
  std::optional<error> refusal_of_new_work() const;
  task<> run(std::shared_ptr<live_generation> self, generation::request asked, route chosen);
  task<generation::finish> attempt(live_generation& self, const generation::request& asked, const attempt_plan& plan,
                                   bool& said);
  task<bool> pause(const live_generation& self, std::chrono::milliseconds wait);
  void conclude(const std::shared_ptr<live_generation>& self, generation::finish ending);
  void retire(const std::shared_ptr<live_generation>& self);
  /// One that was over before whoever asked could read it.
  void forget_soon(const std::shared_ptr<live_generation>& self);
  /// A refused one gives its place back.
  void release(const live_generation& refused);
  /// What must be known of a request before it runs is stored. If it was begun before, under its key: as what.
  task<result<std::optional<started>>> place(live_generation& self, start_request& asked, std::uint64_t context_tokens);
  /// Stores the question and puts the history before it.
  task<result<std::optional<started>>> place_in_conversation(live_generation& self, start_request& asked,
                                                             std::uint64_t context_tokens);
  task<result<std::optional<started>>> claim_key(const live_generation& self, const start_request& asked);
  task<result<started>> refuse_full(live_generation& self, const start_request& asked);
  task<result<followed>> follow_record(const caller& who, const std::string& generation_id, std::uint64_t after);
  task<> keep_house(std::size_t worker);
  task<> forget_keys();
  task<> quiet_down(std::chrono::milliseconds limit);
  std::chrono::milliseconds patience_with(const live_generation& unfollowed) const;
  void cancel_orphans(shift& here, std::chrono::steady_clock::time_point now) const;
  void keep(shift& here, std::shared_ptr<live_generation> ended);
  /// It leaves memory; the caller takes it out of the list.
  void let_go(shift& here, const live_generation& ended);
  void forget_ended(shift& here, std::chrono::steady_clock::time_point now);

  async::worker_pool& workers_;
  settings settings_;
  const std::string owner_;
  route_table routes_;
  conversation_store& store_;
  recorder& records_;
  observer& observer_;
  const telemetry::tracer& spans_;
  generation_table table_;
  std::vector<shift> shifts_;  // by worker
  std::atomic<std::uint64_t> live_{0};
  std::atomic<std::uint64_t> kept_{0};
  std::atomic<std::uint64_t> kept_bytes_{0};
  std::atomic<bool> draining_{false};
};

}  // namespace sluice::agent
