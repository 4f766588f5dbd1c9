// A histogram of durations with three significant digits, after HdrHistogram (http://hdrhistogram.org): buckets whose
// width doubles, each in 1024 parts, so that no recorded value is off by more than a thousandth.
#pragma once

#include <cstdint>
#include <vector>

namespace sluice::bench {

class histogram {
 public:
  /// Nanoseconds; what is below zero counts as zero.
  void record(std::int64_t value);
  std::uint64_t count() const { return count_; }
  std::int64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  /// The smallest value that `quantile` (0 to 1) of all are not above; 0 if there are none.
  std::int64_t at(double quantile) const;

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::int64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace sluice::bench
