#include "base/case_folding.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(case_folding, makes_equal_what_differs_in_case_only) {
  EXPECT_EQ(fold_case(""), "");
  EXPECT_EQ(fold_case("Apples, 50% OFF!"), "apples, 50% off!");
  EXPECT_EQ(fold_case("ÄPFEL"), fold_case("äpfel"));
  EXPECT_EQ(fold_case("STRASSE"), fold_case("straße"));
  EXPECT_EQ(fold_case("ΣΊΣΥΦΟΣ"), fold_case("σίσυφος"));
  EXPECT_EQ(fold_case("漢字🙂 ok"), "漢字🙂 ok");
  EXPECT_NE(fold_case("a"), fold_case("ä"));
}

}  // namespace
}  // namespace sluice
