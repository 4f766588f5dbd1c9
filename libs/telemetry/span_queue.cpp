#include "telemetry/span_queue.hpp"

#include <algorithm>

#include "telemetry/names.hpp"

namespace sluice::telemetry {

using std::chrono::steady_clock;

span_queue::span_queue(const span_queue_settings& told, std::unique_ptr<span_exporter> way, metric_registry& metrics,
                       const logger& log)
    : settings_(told),
      way_(std::move(way)),
      log_(log),
      complaints_(told.complaint_gap),
      exported_(metrics.make_counter(names::spans_exported)),
      dropped_(metrics.make_counters(names::spans_dropped, {"reason"})) {
  thread_ = std::thread([this] { run(); });
}

span_queue::~span_queue() {
  stop(std::chrono::milliseconds(0));
}

void span_queue::take(std::unique_ptr<span_record> ended) {
  const std::lock_guard held(lock_);
  if (stopping_) return;  // after the last: who counts may be gone
  if (waiting_.size() >= settings_.spans_max) return drop("queue_full", 1);
  waiting_.push_back(std::move(ended));
  if (waiting_.size() == settings_.batch_max) changed_.notify_one();
}

void span_queue::stop(std::chrono::milliseconds limit) {
  {
    const std::lock_guard held(lock_);
    if (stopping_) return;
    stopping_ = true;
    stop_at_ = steady_clock::now() + limit;
    changed_.notify_one();
  }
  thread_.join();
}

span_queue::batch span_queue::next_batch() {
  batch taken;
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(settings_.batch_max, waiting_.size()));
  taken.assign(std::move_iterator(waiting_.begin()), std::move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return taken;
}

void span_queue::run() {
  std::unique_lock held(lock_);
  while (!stopping_ || !waiting_.empty()) {
    changed_.wait_for(held, settings_.delay, [this] { return stopping_ || waiting_.size() >= settings_.batch_max; });
    if (stopping_ && steady_clock::now() >= stop_at_) {
      drop("stopped", waiting_.size());
      waiting_.clear();
      break;
    }
    const batch spans = next_batch();
    held.unlock();
    if (!spans.empty()) send(spans);
    held.lock();
  }
}

void span_queue::send(const batch& spans) {
  for (std::uint32_t attempts = 1;; ++attempts) {
    const auto sent = way_->send(spans);
    if (sent) return exported_.add(spans.size());
    if (const auto left_out = complaints_.admit()) {
      log_.warning("traces cannot be exported",
                   {{"problem", sent.error().message}, {"spans", spans.size()}, {"left_out", *left_out}});
    }
    if (!may_retry(attempts)) return drop("export_failed", spans.size());
  }
}

// Waits before the next attempt, unless there is to be none.
bool span_queue::may_retry(std::uint32_t attempts) {
  std::unique_lock held(lock_);
  if (!stopping_ && attempts < settings_.attempts_max) {
    changed_.wait_for(held, settings_.retry_pause * (1U << (attempts - 1)), [this] { return stopping_; });
    if (!stopping_) return true;
  }
  if (stopping_) stop_at_ = steady_clock::now();  // who does not take this takes no more
  return false;
}

void span_queue::drop(std::string_view reason, std::size_t count) {
  if (count != 0) dropped_.at({reason}).add(count);
}

}  // namespace sluice::telemetry
