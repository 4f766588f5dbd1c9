#include "generation/log.hpp"

#include <future>

#include <gtest/gtest.h>

#include "generation/cursor.hpp"

namespace sluice::generation {
namespace {

// Runs `work` on the first worker and waits for it: cursors live on workers.
template <class Work>
void on_worker(async::worker_pool& workers, Work work) {
  std::promise<void> done;
  workers[0].post([&] {
    work();
    done.set_value();
  });
  done.get_future().get();
}

class log_test : public testing::Test {
 protected:
  static constexpr std::uint64_t bytes_max = 512;
  log_test() : workers(1), source(std::make_shared<log>(workers, "gen_1", bytes_max)) { workers.start(); }
  async::worker_pool workers;
  std::shared_ptr<log> source;
};

TEST_F(log_test, numbers_deltas_from_one) {
  EXPECT_EQ(source->last_number(), 0U);
  EXPECT_TRUE(source->append(delta_kind::text, "a"));
  EXPECT_TRUE(source->append(delta_kind::text, "b"));
  EXPECT_EQ(source->last_number(), 2U);
  EXPECT_EQ(source->position_after(0), 0U);
  EXPECT_EQ(source->position_after(1), 1U);
  EXPECT_EQ(source->position_after(9), 2U);
}

TEST_F(log_test, refuses_more_than_its_bound_and_anything_after_the_end) {
  constexpr std::size_t room = bytes_max - 2 * sizeof(log::entry);  // the index of two deltas counts
  EXPECT_TRUE(source->append(delta_kind::text, std::string(room - 4, 'x')));
  EXPECT_FALSE(source->append(delta_kind::text, std::string(5, 'x')));
  EXPECT_TRUE(source->append(delta_kind::text, std::string(4, 'x')));
  source->end({.status = status::failed});
  source->end({.status = status::completed});
  EXPECT_FALSE(source->append(delta_kind::text, ""));
  EXPECT_EQ(source->ending().status, status::failed);
  EXPECT_EQ(source->last_number(), 3U);
}

TEST_F(log_test, a_cursor_merges_neighbours_of_one_kind_only) {
  for (const char* word : {"a", "b"})
    source->append(delta_kind::reasoning, word);
  for (const char* word : {"c", "d", "e"})
    source->append(delta_kind::text, word);
  source->append(delta_kind::text, "f", 1);
  source->end({});
  on_worker(workers, [&] {
    async::wakeup growth(workers[0].get_executor());
    cursor reader(source, 0, growth);
    std::vector<std::string> seen;
    std::vector<std::uint64_t> last;
    while (const auto found = reader.next(merging::neighbours, 2)) {
      seen.push_back(source->copy(found->begin, found->end));
      last.push_back(found->last);
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"ab", "cd", "e", "f", ""}));
    EXPECT_EQ(last, (std::vector<std::uint64_t>{2, 4, 5, 6, 7}));
    EXPECT_TRUE(reader.finished());
  });
}

TEST_F(log_test, numbers_may_jump_forward_and_a_cursor_finds_its_place) {
  source->append(delta_kind::text, "a");
  source->skip_to(100);
  source->append(delta_kind::text, "b");
  on_worker(workers, [&] {
    async::wakeup growth(workers[0].get_executor());
    cursor reader(source, 50, growth);
    const auto found = reader.next(merging::none, 0);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->first, 100U);
    EXPECT_FALSE(reader.next(merging::none, 0));
  });
}

TEST_F(log_test, counts_its_followers) {
  on_worker(workers, [&] {
    async::wakeup growth(workers[0].get_executor());
    {
      const cursor one(source, 0, growth);
      const cursor two(source, 0, growth);
      EXPECT_EQ(source->followers(), 2U);
    }
    EXPECT_EQ(source->followers(), 0U);
  });
}

}  // namespace
}  // namespace sluice::generation
