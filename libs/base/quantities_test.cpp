#include "base/quantities.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;

TEST(quantities, read_durations) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("30d"), 720h);
  EXPECT_EQ(parse_duration("0"), 0ms);
  for (const char* bad : {"", "5", "5 m", "-5s", "5mm", "s", "1.5s", "99999999999999999999s", "99999999999999999d"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(quantities, read_sizes) {
  EXPECT_EQ(parse_size("4096"), 4096U);
  EXPECT_EQ(parse_size("64KiB"), 65536U);
  EXPECT_EQ(parse_size("10MiB"), 10485760U);
  for (const char* bad : {"", "10MB", "-1", "KiB", "1e6"})
    EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(quantities, what_is_written_reads_back) {
  for (const auto duration : {0ms, 1ms, 999ms, 1000ms, 90000ms, 3600000ms, 86400000ms}) {
    EXPECT_EQ(parse_duration(format_duration(duration)), duration);
  }
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(5min), "5m");
  for (const std::uint64_t size : {0ULL, 1ULL, 1000ULL, 65536ULL, 10485760ULL})
    EXPECT_EQ(parse_size(format_size(size)), size);
  EXPECT_EQ(format_size(65536), "64KiB");
}

}  // namespace
}  // namespace sluice
