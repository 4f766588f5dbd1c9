// Random appends, cursors, lags, departures and workers: every cursor sees every delta once, in order.
#include <future>
#include <random>

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "async/task_group.hpp"
#include "generation/cursor.hpp"
#include "generation/log.hpp"

namespace sluice::generation {
namespace {

struct delta {
  delta_kind kind;
  std::string bytes;
};

// What one reader does: where it starts, how it merges, how often it dawdles, whether it leaves early.
struct reader_plan {
  std::size_t worker;
  std::uint64_t after;
  merging how;
  unsigned dawdle;
  std::uint64_t leave_after;  // number of looks; large = stays to the end
};

struct seen {
  std::string bytes;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool gap = false;
  bool finished = false;
};

task<> read_log(std::shared_ptr<log> source, reader_plan plan, std::promise<seen> result) {
  const executor here = co_await asio::this_coro::executor;
  async::wakeup growth(here);
  seen got;
  {
    cursor reader(source, plan.after, growth);
    std::uint64_t expected = plan.after + 1;
    for (std::uint64_t look = 0; !reader.finished() && look < plan.leave_after; ++look) {
      while (const auto found = reader.next(plan.how, 16)) {
        got.gap = got.gap || found->first != expected;
        expected = found->last + 1;
        got.bytes += source->copy(found->begin, found->end);
        got.last = found->last;
      }
      if (reader.finished() || look + 1 >= plan.leave_after) break;
      for (unsigned i = 0; i < plan.dawdle; ++i)
        co_await asio::post(here, use_task);
      co_await growth.wait();
    }
    got.finished = reader.finished();
  }
  result.set_value(std::move(got));
}

task<> write_log(std::shared_ptr<log> source, std::vector<delta> deltas, unsigned burst, std::promise<void> done) {
  const executor here = co_await asio::this_coro::executor;
  unsigned in_burst = 0;
  for (const delta& one : deltas) {
    source->append(one.kind, one.bytes);
    if (++in_burst >= burst) {
      in_burst = 0;
      co_await asio::post(here, use_task);
    }
  }
  source->end({});
  done.set_value();
}

void report(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

void check_once(unsigned seed) {
  std::mt19937 random(seed);
  const auto pick = [&](unsigned low, unsigned high) {
    return std::uniform_int_distribution<unsigned>(low, high)(random);
  };
  async::worker_pool workers(pick(1, 4));
  const auto source = std::make_shared<log>(workers, "gen_1", 1 << 20);
  std::vector<delta> deltas;
  std::vector<std::string> tail{""};  // tail[i]: the bytes after the first i deltas, built from behind below
  for (unsigned i = pick(0, 200); i > 0; --i) {
    deltas.push_back({pick(0, 3) == 0 ? delta_kind::reasoning : delta_kind::text,
                      std::string(pick(0, 12), static_cast<char>('a' + pick(0, 25)))});
  }
  tail.resize(deltas.size() + 1);
  for (std::size_t i = deltas.size(); i-- > 0;)
    tail[i] = deltas[i].bytes + tail[i + 1];

  std::vector<std::pair<reader_plan, std::future<seen>>> readers;
  const std::size_t writer = pick(0, static_cast<unsigned>(workers.size()) - 1);
  for (unsigned i = pick(1, 12); i > 0; --i) {
    const reader_plan plan{.worker = pick(0, static_cast<unsigned>(workers.size()) - 1),
                           .after = 0,
                           .how = pick(0, 1) == 0 ? merging::none : merging::neighbours,
                           .dawdle = pick(0, 5),
                           .leave_after = pick(0, 3) == 0 ? pick(1, 6) : 1'000'000};
    std::promise<seen> result;
    readers.emplace_back(plan, result.get_future());
    asio::co_spawn(workers[plan.worker].get_executor(), read_log(source, plan, std::move(result)), report);
  }
  std::promise<void> written;
  auto all_written = written.get_future();
  asio::co_spawn(workers[writer].get_executor(), write_log(source, deltas, pick(1, 20), std::move(written)), report);
  workers.start();
  for (auto& [plan, result] : readers) {
    const seen got = result.get();
    RC_ASSERT(!got.gap);
    if (plan.leave_after == 1'000'000) {
      RC_ASSERT(got.finished);
      RC_ASSERT(got.last == deltas.size() + 1);
      RC_ASSERT(got.bytes == tail[0]);
    } else {
      RC_ASSERT(tail[0].starts_with(got.bytes));
    }
  }
  all_written.get();
  // Late readers, from every place: the rest and nothing else.
  for (std::uint64_t after = 0; after <= deltas.size() + 1; after += 1 + pick(0, 10)) {
    std::promise<seen> result;
    auto future = result.get_future();
    const reader_plan plan{.worker = writer, .after = after, .how = merging::neighbours, .dawdle = 0, .leave_after = 1};
    asio::co_spawn(workers[writer].get_executor(), read_log(source, plan, std::move(result)), report);
    const seen got = future.get();
    RC_ASSERT(!got.gap);
    RC_ASSERT(got.bytes == (after <= deltas.size() ? tail[after] : ""));
  }
  RC_ASSERT(source->followers() == 0U);
}

TEST(log_property, every_cursor_sees_every_delta_once_in_order) {
  EXPECT_TRUE(rc::check("random appends, cursors, lags, departures, workers",
                        [] { check_once(*rc::gen::arbitrary<unsigned>()); }));
}

}  // namespace
}  // namespace sluice::generation
