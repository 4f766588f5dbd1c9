#include "telemetry/metrics.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include <prometheus/text_serializer.h>

#include "async/worker_pool.hpp"
#include "telemetry/process_metrics.hpp"
#include "telemetry/sharded_numbers.hpp"

namespace sluice::telemetry {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

ClientMetric collect(const counter& from) {
  ClientMetric to;
  to.counter.value = static_cast<double>(from.value());
  return to;
}

ClientMetric collect(const gauge& from) {
  ClientMetric to;
  to.gauge.value = static_cast<double>(from.value());
  return to;
}

ClientMetric collect(const histogram& from) {
  ClientMetric to;
  const std::vector<std::uint64_t> counts = from.counts();
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    so_far += counts[i];
    const double bound = i < from.bounds().size() ? from.bounds()[i] : std::numeric_limits<double>::infinity();
    to.histogram.bucket.push_back({so_far, bound});
  }
  to.histogram.sample_count = so_far;
  to.histogram.sample_sum = from.sum();
  return to;
}

template <class Series>
constexpr MetricType type_of = MetricType::Untyped;
template <>
constexpr MetricType type_of<counter> = MetricType::Counter;
template <>
constexpr MetricType type_of<gauge> = MetricType::Gauge;
template <>
constexpr MetricType type_of<histogram> = MetricType::Histogram;

// Adds to `to` what a family has now.
template <class Series>
void collect(const family<Series>& from, MetricFamily& to) {
  from.for_each([&](const std::vector<std::string>& values, const Series& series) {
    ClientMetric one = collect(series);
    for (std::size_t i = 0; i < values.size(); ++i)
      one.label.push_back({from.labels()[i], values[i]});
    to.metric.push_back(std::move(one));
  });
}

}  // namespace

void histogram::observe(double value) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  in_.add(first_ + static_cast<std::size_t>(bucket), 1);
  in_.add_real(first_ + bounds_.size() + 1, value);
}

std::vector<std::uint64_t> histogram::counts() const {
  std::vector<std::uint64_t> counted(bounds_.size() + 1);
  for (std::size_t i = 0; i < counted.size(); ++i)
    counted[i] = static_cast<std::uint64_t>(in_.sum(first_ + i));
  return counted;
}

double histogram::sum() const {
  return in_.sum_real(first_ + bounds_.size() + 1);
}

std::vector<double> request_seconds() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

std::vector<double> delta_seconds() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};
}

std::vector<double> generation_seconds() {
  return {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600};
}

template <class Series>
Series& family<Series>::at(label_values values) {
  if (values.size() != labels_.size()) throw std::invalid_argument("a metric was given a wrong number of labels");
  if (!async::on_worker()) return find(values);
  thread_local std::string joined;
  joined.clear();
  for (const std::string_view value : values)
    joined.append(value).push_back('\x1f');
  known& here = known_[async::this_worker()];
  if (!here) here = std::make_unique<typename known::element_type>();
  const auto found = here->find(joined);
  if (found != here->end()) return *found->second;
  Series& series = find(values);
  // Names that clients choose must not fill it; those come from the lock.
  if (here->size() < 2 * series_max_) here->emplace(joined, &series);
  return series;
}

template <class Series>
Series& family<Series>::find(label_values values) {
  std::vector<std::string> key(values.begin(), values.end());
  const std::lock_guard held(lock_);
  auto found = series_.find(key);
  if (found == series_.end()) {
    if (series_.size() >= series_max_) std::ranges::fill(key, "other");
    found = series_.try_emplace(std::move(key)).first;
    if (!found->second) found->second = make_();
  }
  return *found->second;
}

template <class Series>
void family<Series>::for_each(const std::function<void(const std::vector<std::string>&, const Series&)>& visit) const {
  const std::lock_guard held(lock_);
  for (const auto& [values, series] : series_)
    visit(values, *series);
}

template class family<counter>;
template class family<gauge>;
template class family<histogram>;

struct metric_registry::contents {
  struct entry {
    metric what;
    MetricType type;
    std::function<void(MetricFamily&)> collect_into;
    std::shared_ptr<void> owned;
  };

  explicit contents(std::size_t of_pool) : workers(of_pool), numbers(of_pool) {}

  template <class Series>
  family<Series>& add(const metric& what, std::vector<std::string> labels, std::size_t series_max,
                      typename family<Series>::maker make) {
    auto made = std::make_shared<family<Series>>(workers, std::move(labels), series_max, std::move(make));
    add({what, type_of<Series>, [from = made.get()](MetricFamily& to) { collect(*from, to); }, made});
    return *made;
  }

  void add(entry next) {
    const std::lock_guard held(lock);
    for (const entry& other : entries) {
      if (other.what.name == next.what.name) throw std::invalid_argument("a metric was made twice");
    }
    entries.push_back(std::move(next));
  }

  template <class Series>
  typename family<Series>::maker make_plain() {
    return [this] { return std::make_unique<Series>(numbers, numbers.reserve(1)); };
  }
  family<histogram>::maker make_bounded(std::vector<double> bounds) {
    return [this, bounds = std::move(bounds)] {
      return std::make_unique<histogram>(numbers, numbers.reserve(bounds.size() + 2), bounds);
    };
  }

  std::size_t workers;
  sharded_numbers numbers;
  std::mutex lock;  // a role may be built while its health port is scraped
  std::vector<entry> entries;
};

metric_registry::metric_registry(std::size_t workers) : has_(std::make_unique<contents>(workers)) {}
metric_registry::~metric_registry() = default;

counter& metric_registry::make_counter(const metric& what) {
  return has_->add<counter>(what, {}, 1, has_->make_plain<counter>()).at({});
}
gauge& metric_registry::make_gauge(const metric& what) {
  return has_->add<gauge>(what, {}, 1, has_->make_plain<gauge>()).at({});
}
histogram& metric_registry::make_histogram(const metric& what, std::vector<double> bounds) {
  return has_->add<histogram>(what, {}, 1, has_->make_bounded(std::move(bounds))).at({});
}
family<counter>& metric_registry::make_counters(const metric& what, std::vector<std::string> labels,
                                                std::size_t series_max) {
  return has_->add<counter>(what, std::move(labels), series_max, has_->make_plain<counter>());
}
family<gauge>& metric_registry::make_gauges(const metric& what, std::vector<std::string> labels,
                                            std::size_t series_max) {
  return has_->add<gauge>(what, std::move(labels), series_max, has_->make_plain<gauge>());
}
family<histogram>& metric_registry::make_histograms(const metric& what, std::vector<std::string> labels,
                                                    std::vector<double> bounds, std::size_t series_max) {
  return has_->add<histogram>(what, std::move(labels), series_max, has_->make_bounded(std::move(bounds)));
}

void metric_registry::make_observed_gauge(const metric& what, std::function<double()> read) {
  has_->add({what, MetricType::Gauge,
             [read = std::move(read)](MetricFamily& to) {
               ClientMetric one;
               one.gauge.value = read();
               to.metric.push_back(std::move(one));
             },
             nullptr});
}

void metric_registry::make_observed_counter(const metric& what, std::function<double()> read) {
  has_->add({what, MetricType::Counter,
             [read = std::move(read)](MetricFamily& to) {
               ClientMetric one;
               one.counter.value = read();
               to.metric.push_back(std::move(one));
             },
             nullptr});
}

void metric_registry::add_process_metrics(std::string_view version) {
  make_gauges(names::build_info, {"version"}, 1).at({version}).add(1);
  for (const process_metric& each : process_metrics()) {
    if (each.grows) {
      make_observed_counter(each.what, each.read);
    } else {
      make_observed_gauge(each.what, each.read);
    }
  }
}

std::string metric_registry::render() const {
  const std::lock_guard held(has_->lock);
  std::vector<MetricFamily> collected;
  collected.reserve(has_->entries.size());
  for (const contents::entry& each : has_->entries) {
    MetricFamily one{std::string(each.what.name), std::string(each.what.help), each.type, {}};
    each.collect_into(one);
    collected.push_back(std::move(one));  // also one without series yet: its name and help say that it is there
  }
  return prometheus::TextSerializer().Serialize(collected);
}

}  // namespace sluice::telemetry
