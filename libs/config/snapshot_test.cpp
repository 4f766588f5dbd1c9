#include "config/snapshot.hpp"

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

TEST(snapshot, a_reader_keeps_what_it_started_with) {
  snapshot<int> number(1);
  const auto before = number.current();
  number.replace(2);
  EXPECT_EQ(*before, 1);
  EXPECT_EQ(*number.current(), 2);
}

TEST(snapshot, readers_never_see_a_half) {
  snapshot<std::pair<int, int>> same({0, 0});
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      int last = 0;
      while (!stop.load(std::memory_order_relaxed)) {
        const auto now = same.current();
        EXPECT_EQ(now->first, now->second);
        EXPECT_GE(now->first, last);
        last = now->first;
      }
    });
  }
  for (int i = 1; i <= 10'000; ++i)
    same.replace({i, i});
  stop = true;
  for (std::thread& each : readers)
    each.join();
}

}  // namespace
}  // namespace sluice::config
