#include "bench/net/event_loop.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::bench {
namespace {

struct noting_timer : timer {
  nanoseconds_t due = 0;
  std::vector<nanoseconds_t>* order = nullptr;
  void on_due(nanoseconds_t /*now*/) override { order->push_back(due); }
};

TEST(TimerHeap, CallsInOrderWhateverWasArmedMovedAndTakenOut) {
  std::mt19937 random(3);
  timer_heap heap;
  std::vector<nanoseconds_t> order;
  std::vector<noting_timer> timers(500);
  const auto arm = [&](noting_timer& which) {
    which.due = static_cast<nanoseconds_t>(random() % 1000);
    which.order = &order;
    heap.arm(which, which.due);
  };
  for (noting_timer& each : timers)
    arm(each);
  for (std::size_t i = 0; i < timers.size(); i += 3)
    arm(timers[i]);
  std::size_t left = timers.size();
  for (std::size_t i = 1; i < timers.size(); i += 5, --left)
    heap.disarm(timers[i]);
  heap.run_due(499);
  EXPECT_TRUE(order.empty() || order.back() <= 499);
  heap.run_due(1000);
  EXPECT_EQ(order.size(), left);
  EXPECT_TRUE(std::ranges::is_sorted(order));
  EXPECT_TRUE(heap.empty());
}

TEST(TimerHeap, ForgetsATimerThatIsDestroyed) {
  timer_heap heap;
  std::vector<nanoseconds_t> order;
  {
    noting_timer gone;
    gone.order = &order;
    heap.arm(gone, 1);
  }
  heap.run_due(2);
  EXPECT_TRUE(order.empty());
}

}  // namespace
}  // namespace sluice::bench
