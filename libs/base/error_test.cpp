#include "base/error.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(error, a_failure_carries_reason_message_and_param) {
  const result<int> outcome = failure(error_reason::not_found, "no model \"x\"", "model");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().reason, error_reason::not_found);
  EXPECT_EQ(outcome.error().param, "model");
  EXPECT_EQ(to_string(outcome.error().reason), "not_found");
}

}  // namespace
}  // namespace sluice
