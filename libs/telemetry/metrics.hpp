// Prometheus metrics whose hot path is one add on memory that no other worker touches.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "telemetry/sharded_numbers.hpp"

namespace sluice::telemetry {

/// A metric's name and its line of help; `names.hpp` has them all.
struct metric {
  std::string_view name;
  std::string_view help;
};

/// Only grows.
class counter {
 public:
  counter(sharded_numbers& in, std::size_t number) : in_(in), number_(number) {}
  void add(std::uint64_t amount = 1) { in_.add(number_, static_cast<std::int64_t>(amount)); }
  std::uint64_t value() const { return static_cast<std::uint64_t>(in_.sum(number_)); }

 private:
  sharded_numbers& in_;
  std::size_t number_;
};

/// Goes up and down, on whatever threads.
class gauge {
 public:
  gauge(sharded_numbers& in, std::size_t number) : in_(in), number_(number) {}
  void add(std::int64_t amount = 1) { in_.add(number_, amount); }
  void subtract(std::int64_t amount = 1) { in_.add(number_, -amount); }
  std::int64_t value() const { return in_.sum(number_); }

 private:
  sharded_numbers& in_;
  std::size_t number_;
};

/// How often values up to each bound occurred.
class histogram {
 public:
  histogram(sharded_numbers& in, std::size_t first, std::vector<double> bounds)
      : in_(in), first_(first), bounds_(std::move(bounds)) {}
  void observe(double value);
  /// In seconds, as Prometheus has it.
  template <class R, class P>
  void observe(std::chrono::duration<R, P> length) {
    observe(std::chrono::duration<double>(length).count());
  }
  const std::vector<double>& bounds() const { return bounds_; }
  /// Per bucket, not cumulative; the last one is for what passed every bound.
  std::vector<std::uint64_t> counts() const;
  double sum() const;

 private:
  sharded_numbers& in_;
  std::size_t first_;  // then one number per bucket, then the sum
  std::vector<double> bounds_;
};

/// Bounds of duration histograms, in seconds.
std::vector<double> request_seconds();     ///< 1 ms … 60 s
std::vector<double> delta_seconds();       ///< 0.1 ms … 10 s
std::vector<double> generation_seconds();  ///< 10 ms … 600 s

using label_values = std::initializer_list<std::string_view>;

/// One metric with labels: a series for each combination of values that occurs. Past `series_max` combinations, every
/// value of a new one reads "other", so that names chosen by clients cannot grow it without bound.
template <class Series>
class family {
 public:
  using maker = std::function<std::unique_ptr<Series>()>;
  family(std::size_t workers, std::vector<std::string> labels, std::size_t series_max, maker make)
      : labels_(std::move(labels)), series_max_(series_max), make_(std::move(make)), known_(workers) {}

  /// As many values as there are labels, in their order. A worker remembers what it has asked for: only the first time
  /// takes a lock. Still once per request, not per delta; the reference lives as long as the registry.
  Series& at(label_values values);

  const std::vector<std::string>& labels() const { return labels_; }
  void for_each(const std::function<void(const std::vector<std::string>&, const Series&)>& visit) const;

 private:
  using known = std::unique_ptr<std::unordered_map<std::string, Series*>>;
  Series& find(label_values values);

  std::vector<std::string> labels_;
  std::size_t series_max_;
  maker make_;
  mutable std::mutex lock_;
  std::map<std::vector<std::string>, std::unique_ptr<Series>> series_;
  std::vector<known> known_;  // by worker
};

/// All metrics of a process. Outlives everything that counts; metrics are made from any thread.
class metric_registry {
 public:
  /// `workers`: the size of the worker pool.
  explicit metric_registry(std::size_t workers);
  ~metric_registry();
  metric_registry(const metric_registry&) = delete;
  metric_registry& operator=(const metric_registry&) = delete;

  counter& make_counter(const metric& what);
  gauge& make_gauge(const metric& what);
  histogram& make_histogram(const metric& what, std::vector<double> bounds);
  family<counter>& make_counters(const metric& what, std::vector<std::string> labels, std::size_t series_max = 500);
  family<gauge>& make_gauges(const metric& what, std::vector<std::string> labels, std::size_t series_max = 500);
  family<histogram>& make_histograms(const metric& what, std::vector<std::string> labels, std::vector<double> bounds,
                                     std::size_t series_max = 100);
  /// Asked at every scrape, on the scraping thread; what it refers to must outlive the scrapes.
  void make_observed_gauge(const metric& what, std::function<double()> read);
  void make_observed_counter(const metric& what, std::function<double()> read);

  /// What the process itself uses, and `sluice_build_info`.
  void add_process_metrics(std::string_view version);

  /// The Prometheus text format, version 0.0.4. From any thread.
  std::string render() const;
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct contents;
  std::unique_ptr<contents> has_;
};

}  // namespace sluice::telemetry
