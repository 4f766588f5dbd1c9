#include "telemetry/metrics.hpp"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/worker_pool.hpp"
#include "telemetry/names.hpp"

namespace sluice::telemetry {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr metric seen{"sluice_seen_total", "What was seen"};
constexpr metric open_now{"sluice_open", "What is open"};
constexpr metric took{"sluice_took_seconds", "How long it took"};

TEST(metrics, render_as_prometheus_reads_them) {
  metric_registry registry(2);
  registry.make_counter(seen).add(3);
  gauge& open = registry.make_gauge(open_now);
  open.add(2);
  open.subtract(5);
  histogram& lengths = registry.make_histogram(took, {0.1, 1});
  lengths.observe(0.05);
  lengths.observe(0.1);  // a bound belongs to its bucket
  lengths.observe(std::chrono::milliseconds(500));
  lengths.observe(7);
  EXPECT_EQ(registry.render(),
            "# HELP sluice_seen_total What was seen\n# TYPE sluice_seen_total counter\nsluice_seen_total 3\n"
            "# HELP sluice_open What is open\n# TYPE sluice_open gauge\nsluice_open -3\n"
            "# HELP sluice_took_seconds How long it took\n# TYPE sluice_took_seconds histogram\n"
            "sluice_took_seconds_count 4\nsluice_took_seconds_sum 7.65\n"
            "sluice_took_seconds_bucket{le=\"0.1\"} 2\nsluice_took_seconds_bucket{le=\"1\"} 3\n"
            "sluice_took_seconds_bucket{le=\"+Inf\"} 4\n");
}

TEST(metrics, label_values_are_escaped) {
  metric_registry registry(1);
  registry.make_counters(seen, {"model"}).at({"a\"b\\c\nd"}).add();
  EXPECT_THAT(registry.render(), HasSubstr("sluice_seen_total{model=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(metrics, a_family_is_bounded) {
  metric_registry registry(1);
  family<counter>& by_model = registry.make_counters(seen, {"model", "status"}, 2);
  by_model.at({"a", "ok"}).add();
  by_model.at({"b", "ok"}).add();
  by_model.at({"a", "ok"}).add();
  EXPECT_EQ(&by_model.at({"c", "ok"}), &by_model.at({"d", "failed"}));
  by_model.at({"e", "ok"}).add(4);
  const std::string text = registry.render();
  EXPECT_THAT(text, HasSubstr("{model=\"a\",status=\"ok\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("{model=\"other\",status=\"other\"} 4\n"));
  EXPECT_THAT(text, Not(HasSubstr("model=\"e\"")));
  EXPECT_THROW(by_model.at({"a"}), std::invalid_argument);
}

TEST(metrics, mistakes_at_wiring_are_refused) {
  metric_registry registry(1);
  registry.make_counter(seen);
  EXPECT_THROW(registry.make_gauge(seen), std::invalid_argument);
  sharded_numbers numbers(1);
  EXPECT_THROW(numbers.reserve(sharded_numbers::numbers_max + 1), std::length_error);
}

TEST(metrics, count_from_workers_and_other_threads_alike) {
  constexpr int rounds = 10'000;
  async::worker_pool workers(2);
  metric_registry registry(workers.size());
  counter& total = registry.make_counter(seen);
  gauge& open = registry.make_gauge(open_now);
  family<histogram>& lengths = registry.make_histograms(took, {"route"}, {1});
  std::vector<std::future<void>> done;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    auto promise = std::make_shared<std::promise<void>>();
    done.push_back(promise->get_future());
    workers[i].post([&, promise] {
      histogram& mine = lengths.at({"/chat"});
      for (int n = 0; n < rounds; ++n) {
        total.add();
        open.add();
        mine.observe(0.5);
      }
      promise->set_value();
    });
  }
  workers.start();
  for (int n = 0; n < rounds; ++n) {
    total.add();
    open.subtract();
  }
  EXPECT_FALSE(registry.render().empty());  // while the others count
  for (auto& each : done)
    each.get();
  workers.stop();
  EXPECT_EQ(total.value(), 3U * rounds);
  EXPECT_EQ(open.value(), rounds);
  EXPECT_EQ(lengths.at({"/chat"}).counts(), (std::vector<std::uint64_t>{2 * rounds, 0}));
  EXPECT_DOUBLE_EQ(lengths.at({"/chat"}).sum(), 0.5 * 2 * rounds);
}

TEST(metrics, the_process_tells_what_it_uses) {
  metric_registry registry(1);
  registry.add_process_metrics("1.2.3");
  registry.make_observed_gauge(open_now, [] { return 12.0; });
  const std::string text = registry.render();
  EXPECT_THAT(text, HasSubstr("sluice_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_open 12\n"));
  for (const metric& each : {names::process_resident_bytes, names::process_cpu_seconds, names::process_open_files,
                             names::process_open_files_max, names::process_threads, names::process_start_seconds}) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string(each.name) + " "));
    EXPECT_THAT(text, Not(HasSubstr("\n" + std::string(each.name) + " 0\n"))) << each.name;
  }
}

}  // namespace
}  // namespace sluice::telemetry
