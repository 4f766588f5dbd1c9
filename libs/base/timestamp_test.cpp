#include "base/timestamp.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

TEST(timestamp, is_rfc_3339_in_utc) {
  EXPECT_EQ(format_timestamp(system_clock::time_point(milliseconds(0))), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_timestamp(system_clock::time_point(milliseconds(1'795'329'721'250))), "2026-11-22T06:42:01.250Z");
  EXPECT_EQ(format_timestamp(system_clock::time_point(milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace sluice
