#include "telemetry/span_queue.hpp"

#include <deque>
#include <future>
#include <string>

#include <gtest/gtest.h>

#include "telemetry/names.hpp"

namespace sluice::telemetry {
namespace {

using std::chrono::milliseconds;

// A collector that does what the test says, one batch after another, and then takes everything.
class scripted_way final : public span_exporter {
 public:
  struct state {
    std::mutex lock;
    std::condition_variable changed;
    std::deque<bool> outcomes;  // of the next attempts
    std::vector<std::size_t> attempts;
    bool held = false;

    void wait_for_attempts(std::size_t count) {
      std::unique_lock waiting(lock);
      changed.wait(waiting, [&] { return attempts.size() >= count; });
    }
    void let_go() {
      const std::lock_guard now(lock);
      held = false;
      changed.notify_all();
    }
  };
  explicit scripted_way(state& with) : state_(with) {}
  result<void> send(const std::vector<std::unique_ptr<span_record>>& batch) override {
    std::unique_lock waiting(state_.lock);
    state_.attempts.push_back(batch.size());
    state_.changed.notify_all();
    state_.changed.wait(waiting, [&] { return !state_.held; });
    const bool good = state_.outcomes.empty() || state_.outcomes.front();
    if (!state_.outcomes.empty()) state_.outcomes.pop_front();
    if (good) return {};
    return failure(error_reason::unavailable, "refused");
  }

 private:
  state& state_;
};

class span_queue_test : public testing::Test {
 protected:
  void begin(span_queue_settings told) {
    queue_ = std::make_unique<span_queue>(told, std::make_unique<scripted_way>(way_), metrics_, log_);
  }
  void add(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      queue_->take(std::make_unique<span_record>());
  }
  void expect(const std::string& line) { EXPECT_NE(metrics_.render().find(line + "\n"), std::string::npos) << line; }

  static constexpr milliseconds never{3'600'000};
  scripted_way::state way_;
  metric_registry metrics_{1};
  logger log_{{.level = log_level::off}};
  std::unique_ptr<span_queue> queue_;
};

TEST_F(span_queue_test, a_full_batch_leaves_at_once_and_the_rest_at_the_end) {
  begin({.batch_max = 4, .delay = never});
  add(4);
  way_.wait_for_attempts(1);
  add(2);
  queue_->stop(milliseconds(1000));
  EXPECT_EQ(way_.attempts, (std::vector<std::size_t>{4, 2}));
  expect("sluice_spans_exported_total 6");
}

TEST_F(span_queue_test, what_waits_leaves_when_it_is_time) {
  begin({.batch_max = 4, .delay = milliseconds(1)});
  add(1);
  way_.wait_for_attempts(1);
  queue_->stop(milliseconds(1000));
  expect("sluice_spans_exported_total 1");
}

TEST_F(span_queue_test, while_a_collector_hangs_spans_are_dropped_and_nobody_waits) {
  way_.held = true;
  begin({.spans_max = 8, .batch_max = 4, .delay = never});
  add(4);
  way_.wait_for_attempts(1);
  add(8 + 5);
  expect("sluice_spans_dropped_total{reason=\"queue_full\"} 5");
  way_.let_go();
  queue_->stop(milliseconds(10'000));
  expect("sluice_spans_exported_total 12");
}

TEST_F(span_queue_test, a_batch_that_is_refused_is_tried_again_and_then_dropped) {
  way_.outcomes = {false, true, false, false, false};
  begin({.batch_max = 4, .delay = never, .retry_pause = milliseconds(1), .attempts_max = 3});
  add(4);
  way_.wait_for_attempts(2);
  add(4);
  way_.wait_for_attempts(5);
  queue_->stop(milliseconds(1000));
  expect("sluice_spans_exported_total 4");
  expect("sluice_spans_dropped_total{reason=\"export_failed\"} 4");
}

TEST_F(span_queue_test, at_the_end_a_refusal_is_the_last_word) {
  way_.outcomes = {false};
  begin({.batch_max = 100, .delay = never, .retry_pause = never});
  add(150);
  way_.wait_for_attempts(1);  // which waits for its next attempt when it is told to stop
  queue_->stop(never);
  EXPECT_EQ(way_.attempts.size(), 1U);
  expect("sluice_spans_dropped_total{reason=\"export_failed\"} 100");
  expect("sluice_spans_dropped_total{reason=\"stopped\"} 50");
}

TEST_F(span_queue_test, without_time_nothing_more_is_begun) {
  begin({.batch_max = 100, .delay = never});
  add(5);
  queue_.reset();
  EXPECT_TRUE(way_.attempts.empty());
  expect("sluice_spans_dropped_total{reason=\"stopped\"} 5");
}

}  // namespace
}  // namespace sluice::telemetry
