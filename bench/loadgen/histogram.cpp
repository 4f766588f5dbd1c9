#include "bench/loadgen/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sluice::bench {

namespace {

constexpr unsigned part_bits = 10;
constexpr std::uint64_t parts = std::uint64_t{1} << part_bits;

// Values below 2048 have a bucket each; from there on each doubling has 1024.
std::size_t bucket_of(std::uint64_t value) {
  if (value < 2 * parts) return value;
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - part_bits - 1;
  return shift * parts + (value >> shift);
}

// The highest value that falls into the bucket.
std::int64_t highest_in(std::size_t bucket) {
  if (bucket < 2 * parts) return static_cast<std::int64_t>(bucket);
  const std::size_t shift = bucket / parts - 1;
  return static_cast<std::int64_t>(((bucket - shift * parts + 1) << shift) - 1);
}

}  // namespace

void histogram::record(std::int64_t value) {
  value = std::max<std::int64_t>(value, 0);
  const std::size_t bucket = bucket_of(static_cast<std::uint64_t>(value));
  if (bucket >= counts_.size()) counts_.resize(bucket + 1);
  ++counts_[bucket];
  ++count_;
  sum_ += static_cast<double>(value);
  max_ = std::max(max_, value);
}

std::int64_t histogram::at(double quantile) const {
  if (count_ == 0) return 0;
  const auto rank =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return std::min(highest_in(bucket), max_);
  }
  return max_;
}

}  // namespace sluice::bench
