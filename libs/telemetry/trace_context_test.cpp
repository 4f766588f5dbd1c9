#include "telemetry/trace_context.hpp"

#include <gtest/gtest.h>

namespace sluice::telemetry {
namespace {

// The example of the specification.
constexpr std::string_view example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(trace_context, is_read_and_written) {
  const trace_context read = parse_trace_context(example, "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7");
  EXPECT_TRUE(read.is_valid());
  EXPECT_TRUE(read.sampled);
  EXPECT_EQ(read.trace_id_text(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(read.span_id_text(), "00f067aa0ba902b7");
  EXPECT_EQ(read.state, "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7");
  EXPECT_EQ(read.parent_text(), example);
}

TEST(trace_context, knows_only_the_flag_of_sampling) {
  EXPECT_FALSE(parse_trace_context("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fe", "").sampled);
  const trace_context all = parse_trace_context("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff", "");
  EXPECT_EQ(all.parent_text(), example);
}

TEST(trace_context, takes_versions_to_come) {
  EXPECT_TRUE(
      parse_trace_context("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future", "").sampled);
  EXPECT_TRUE(parse_trace_context("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "").sampled);
}

TEST(trace_context, malformed_ones_are_none) {
  for (const std::string_view bad : {
           "",
           "00",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
           "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.x",
           "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
       }) {
    EXPECT_FALSE(parse_trace_context(bad, "a=b").is_valid()) << bad;
    EXPECT_TRUE(parse_trace_context(bad, "a=b").state.empty()) << bad;
  }
  EXPECT_EQ(trace_context().parent_text(), "");
  EXPECT_EQ(trace_context().trace_id_text(), "");
}

TEST(trace_context, a_bad_state_is_left_out) {
  for (const std::string& bad : {std::string("a=\r\nX-Evil: 1"), std::string("nothing"), "a=" + std::string(600, 'b'),
                                 std::string("a=\xC3\xA4")}) {
    const trace_context read = parse_trace_context(example, bad);
    EXPECT_TRUE(read.is_valid());
    EXPECT_EQ(read.state, "") << bad;
  }
}

}  // namespace
}  // namespace sluice::telemetry
