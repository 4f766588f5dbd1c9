// Spans on their way out: a bounded queue and one thread, so that a collector that is slow, away or hostile costs spans
// and never time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/span.hpp"

namespace sluice::telemetry {

/// The way to a collector. Used by one thread at a time.
class span_exporter {
 public:
  virtual ~span_exporter() = default;
  /// Blocks, for at most its own time limit. The error is for the log.
  virtual result<void> send(const std::vector<std::unique_ptr<span_record>>& batch) = 0;
};

/// OTEL_BSP_*.
struct span_queue_settings {
  std::size_t spans_max = 2048;                     ///< waiting; when full, the newest are dropped
  std::size_t batch_max = 512;                      ///< spans in one export
  std::chrono::milliseconds delay{5000};            ///< from one export to the next, unless a batch is full before
  std::chrono::milliseconds retry_pause{1000};      ///< after an export that failed; twice as long after the next
  std::uint32_t attempts_max = 3;                   ///< at one batch
  std::chrono::milliseconds complaint_gap{60'000};  ///< between two log lines about a collector
};

class span_queue final : public span_sink {
 public:
  span_queue(const span_queue_settings& told, std::unique_ptr<span_exporter> way, metric_registry& metrics,
             const logger& log);
  /// Stops without grace if nobody has.
  ~span_queue() override;
  span_queue(const span_queue&) = delete;
  span_queue& operator=(const span_queue&) = delete;

  void take(std::unique_ptr<span_record> ended) override;
  /// Exports what waits, begins no export after `limit` or after one that fails, and drops the rest. An export that is
  /// under way is waited for: its own time limit comes on top. Idempotent; not on a worker.
  void stop(std::chrono::milliseconds limit);

 private:
  using batch = std::vector<std::unique_ptr<span_record>>;
  void run();
  batch next_batch();
  void send(const batch& spans);
  bool may_retry(std::uint32_t attempts);
  void drop(std::string_view reason, std::size_t count);

  span_queue_settings settings_;
  std::unique_ptr<span_exporter> way_;
  logger log_;
  log_limit complaints_;
  counter& exported_;
  family<counter>& dropped_;
  std::mutex lock_;
  std::condition_variable changed_;
  batch waiting_;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point stop_at_;
  std::thread thread_;
};

}  // namespace sluice::telemetry
