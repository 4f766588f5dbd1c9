#include "bench/loadgen/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::bench {
namespace {

TEST(Histogram, KeepsThreeDigitsOverNineOrdersOfMagnitude) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> exponent(0, 9);
  histogram recorded;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 20000; ++i) {
    values.push_back(static_cast<std::int64_t>(std::pow(10, exponent(random))));
    recorded.record(values.back());
  }
  std::ranges::sort(values);
  for (const double quantile : {0.0001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto exact = static_cast<double>(values[static_cast<std::size_t>(std::ceil(quantile * 20000)) - 1]);
    EXPECT_NEAR(static_cast<double>(recorded.at(quantile)), exact, exact / 1000) << quantile;
  }
  EXPECT_EQ(recorded.max(), values.back());
  EXPECT_EQ(recorded.count(), values.size());
}

TEST(Histogram, EveryValueIsWithinAThousandth) {
  for (std::int64_t value = 0; value < (std::int64_t{1} << 40); value = value * 9 / 8 + 1) {
    histogram one;
    one.record(value);
    one.record(value * 2);  // so that the maximum does not clip the first
    EXPECT_GE(one.at(0.5), value);
    EXPECT_LE(static_cast<double>(one.at(0.5)), static_cast<double>(value) * 1.001);
  }
}

TEST(Histogram, IsZeroWithoutValues) {
  EXPECT_EQ(histogram().at(0.99), 0);
  EXPECT_EQ(histogram().mean(), 0);
}

}  // namespace
}  // namespace sluice::bench
