#include "generation/mirror.hpp"

#include <random>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sluice::generation {
namespace {

template <class T>
T on_worker(async::worker_pool& workers, task<T> work) {
  return workers.run_first(std::move(work));
}

// As a node that follows: pieces of any size, torn off at any moment, from where it was or before.
task<bool> follow(std::shared_ptr<log> source, mirror& into, std::uint64_t piece, std::mt19937& dice) {
  const executor here = co_await asio::this_coro::executor;
  while (!into.source()->ended()) {
    const std::uint64_t last = into.source()->last_number();
    const std::uint64_t back = last == 0 ? 0 : dice() % (last + 1);
    async::wakeup growth(here);
    cursor reader(source, back, growth);
    do {
      for (const delta_range& each : read_ranges(reader, piece)) {
        if (!into.take(each)) co_return false;
      }
      if (reader.finished()) into.end(source->ending(), reader.number());
    } while (!reader.finished() && dice() % 4 != 0);
  }
  co_return true;
}

RC_GTEST_PROP(mirror, has_every_delta_once_in_order_however_the_stream_is_torn, ()) {
  async::worker_pool workers(1);
  const auto source = std::make_shared<log>(workers, "gen_1", 1 << 20);
  std::mt19937 dice(*rc::gen::arbitrary<std::uint32_t>());
  const auto deltas = *rc::gen::container<std::vector<std::string>>(rc::gen::string<std::string>());
  for (const std::string& each : deltas) {
    if (dice() % 8 == 0) source->skip_to(source->last_number() + dice() % 100);
    source->append(static_cast<delta_kind>(dice() % 4), each, dice() % 2 ? 1 : 0);
  }
  source->skip_to(source->last_number() + dice() % 3);
  source->end({.status = status::incomplete, .provider = "p"});

  mirror into(workers, "gen_1", 1 << 20);
  RC_ASSERT(on_worker(workers, follow(source, into, 1 + dice() % 64, dice)));
  const log& copied = *into.source();
  RC_ASSERT(copied.published() == source->published());
  RC_ASSERT(copied.ending().status == status::incomplete);
  for (std::uint64_t i = 0; i < copied.published(); ++i) {
    RC_ASSERT(copied.at(i).number == source->at(i).number);
    RC_ASSERT(copied.at(i).kind() == source->at(i).kind());
    RC_ASSERT(copied.at(i).choice == source->at(i).choice);
    RC_ASSERT(copied.copy(copied.begin_of(i), copied.at(i).end) ==
              source->copy(source->begin_of(i), source->at(i).end));
  }
}

TEST(mirror, refuses_what_is_no_range) {
  async::worker_pool workers(1);
  mirror into(workers, "gen_1", 4096);
  EXPECT_EQ(into.take({.first = 1, .lengths = {5}, .bytes = "four"}).error().reason, error_reason::internal);
  EXPECT_EQ(into.take({.kind = static_cast<delta_kind>(200), .first = 1, .lengths = {0}}).error().reason,
            error_reason::internal);
  EXPECT_EQ(into.take({.first = 1, .lengths = {8000}, .bytes = std::string(8000, 'x')}).error().reason,
            error_reason::too_large);
  EXPECT_EQ(into.source()->published(), 0U);
}

}  // namespace
}  // namespace sluice::generation
