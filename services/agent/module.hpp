// The agent as `apps` builds it.
#pragma once

#include <memory>
#include <vector>

#include "agent/agent_service.hpp"
#include "agent/conversation_service.hpp"
#include "agent/provider.hpp"
#include "agent/settings.hpp"
#include "agent/usage_reports.hpp"
#include "async/worker_pool.hpp"
#include "state/shared_state.hpp"
#include "store/database.hpp"
#include "store/outbox.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/tracer.hpp"

namespace sluice::agent {

class agent;
class conversations;
class conversation_store_sql;
class recorder;
class usage_ledger;
class generation_leases;

/// Owns the agent and what watches it. Outlives everything that holds its faces.
class module {
 public:
  module(async::worker_pool& workers, settings told, std::vector<std::shared_ptr<provider>> providers,
         store::database& database, store::outbox& outbox, telemetry::metric_registry& metrics,
         const telemetry::tracer& spans, const telemetry::logger& log);
  ~module();

  service& face();
  conversation_service& stored();
  usage_reports& usage();
  /// Generations that are being written. Any thread.
  std::uint64_t live() const;
  /// Brings the schema up to date, writes the records that an earlier process could not, and begins the housekeeping on
  /// every worker. Blocking; not on a worker. `alone`: no other process writes answers into this database, so what runs
  /// in it was left by a crash, and is marked so at once.
  result<void> begin(bool alone);
  /// For one of several agents, after `begin`, while the workers run: keeps its generations where others find them,
  /// under leases, and marks what is left of agents whose leases have run out. `address`: where other nodes reach it.
  void join(state::shared_state& others, std::string address);
  /// Ends that. On the first worker; nothing if it never joined.
  task<> leave();
  /// For `/readyz`: whether answers that end can be recorded. Errors: unavailable.
  task<result<void>> check();
  /// Refuses new generations; returns when none is running and all are recorded, or after `limit`, when the rest was
  /// cancelled, and its records were given a moment more.
  task<> drain(std::chrono::milliseconds limit);

 private:
  class watch;
  async::worker_pool& workers_;
  telemetry::logger log_;
  std::unique_ptr<watch> watch_;
  std::unique_ptr<conversation_store_sql> store_;
  std::unique_ptr<recorder> records_;
  std::unique_ptr<agent> agent_;
  std::unique_ptr<conversations> conversations_;
  std::unique_ptr<usage_ledger> usage_;
  std::unique_ptr<generation_leases> leases_;
};

}  // namespace sluice::agent
