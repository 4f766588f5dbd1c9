#include "store/outbox.hpp"

#include <fstream>
#include <future>

#include <boost/asio/post.hpp>

#include "async/with_deadline.hpp"
#include "store/database_testing.hpp"
#include "store/small_disk_testing.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

std::unique_ptr<outbox> must_open_outbox(const std::filesystem::path& file, std::uint64_t bytes_max = 1U << 20U) {
  auto opened = outbox::open({.file = file, .bytes_max = bytes_max});
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

task<result<void>> append_all(outbox& to, texts records) {
  for (const std::string& record : records) {
    const auto appended = co_await to.append(record);
    if (!appended) co_return appended;
  }
  co_return result<void>();
}

// Takes what it is given until it has seen `most`: what would be more, not at all.
class receiver {
 public:
  explicit receiver(std::size_t most = 1000) : most_(most) {}
  task<result<void>> take(texts records) {
    if (got.size() + records.size() > most_) co_return failure(error_reason::unavailable, "not now");
    std::ranges::move(records, std::back_inserter(got));
    co_return result<void>();
  }
  result<std::size_t> replay(outbox& from) {
    return run(from.replay([this](texts records) { return take(std::move(records)); }));
  }

  texts got;

 private:
  std::size_t most_;
};

class outbox_file : public ::testing::Test {
 protected:
  // Another process after this one.
  void reopen() {
    outbox_.reset();
    outbox_ = must_open_outbox(file_);
  }
  void append(const texts& records) {
    const auto appended = run(append_all(*outbox_, records));
    ASSERT_TRUE(appended) << appended.error().message;
  }
  texts replayed() {
    receiver all;
    EXPECT_TRUE(all.replay(*outbox_));
    return all.got;
  }
  void write_at(std::uint64_t offset, std::string_view bytes) {
    std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file << bytes;
  }

  const scratch_directory scratch_;
  const std::filesystem::path file_ = scratch_ / "data/outbox";
  std::unique_ptr<outbox> outbox_ = must_open_outbox(file_);
};

TEST_F(outbox_file, is_replayed_in_order_and_then_empty) {
  append({"one", "", std::string("t\0o", 3)});
  EXPECT_EQ(outbox_->records_waiting(), 3U);
  EXPECT_GT(outbox_->bytes_waiting(), 0U);
  EXPECT_EQ(replayed(), (texts{"one", "", std::string("t\0o", 3)}));
  EXPECT_EQ(outbox_->records_waiting(), 0U);
  EXPECT_EQ(outbox_->bytes_waiting(), 0U);
  EXPECT_EQ(std::filesystem::file_size(file_), 0U);
  EXPECT_EQ(replayed(), texts{});
}

TEST_F(outbox_file, is_still_there_for_the_next_process) {
  append({"one", "two"});
  reopen();
  EXPECT_EQ(outbox_->records_waiting(), 2U);
  append({"three"});
  EXPECT_EQ(replayed(), (texts{"one", "two", "three"}));
}

TEST_F(outbox_file, keeps_what_was_not_taken) {
  texts all;
  for (int i = 0; i < 100; ++i)
    all.push_back(std::to_string(i));
  append(all);
  receiver of_some(99);
  const auto stopped = of_some.replay(*outbox_);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().message, "not now");
  ASSERT_FALSE(of_some.got.empty());
  EXPECT_EQ(outbox_->records_waiting(), all.size() - of_some.got.size());
  append({"the last"});
  texts rest(all.begin() + static_cast<std::ptrdiff_t>(of_some.got.size()), all.end());
  rest.emplace_back("the last");
  EXPECT_EQ(replayed(), rest);
  EXPECT_EQ(std::filesystem::file_size(file_), 0U);
}

TEST_F(outbox_file, removes_a_last_record_that_is_cut_short) {
  append({"one", "two"});
  outbox_.reset();
  const auto whole = std::filesystem::file_size(file_);
  for (std::uint64_t missing = 1; missing < record_file::header_bytes + 3; ++missing) {
    std::filesystem::resize_file(file_, whole - missing);
    outbox_ = must_open_outbox(file_);
    EXPECT_EQ(outbox_->records_waiting(), 1U) << missing;
    EXPECT_EQ(outbox_->damaged_bytes_found(), 0U) << missing;
    append({"two"});
    outbox_.reset();
    EXPECT_EQ(std::filesystem::file_size(file_), whole);
  }
  outbox_ = must_open_outbox(file_);
  EXPECT_EQ(replayed(), (texts{"one", "two"}));
  EXPECT_FALSE(std::filesystem::exists(file_.string() + ".damaged"));
}

TEST_F(outbox_file, puts_what_is_damaged_aside) {
  append({"one", "two", "three"});
  outbox_.reset();
  const auto second = record_file::header_bytes + 3;
  const auto rest = std::filesystem::file_size(file_) - second;
  write_at(second + record_file::header_bytes, "T");
  reopen();
  EXPECT_EQ(outbox_->damaged_bytes_found(), rest);
  EXPECT_EQ(std::filesystem::file_size(file_.string() + ".damaged"), rest);
  EXPECT_EQ(replayed(), texts{"one"});
}

TEST_F(outbox_file, finds_no_records_in_zeros) {
  append({"one"});
  outbox_.reset();
  write_at(std::filesystem::file_size(file_), std::string(100, '\0'));
  reopen();
  append({"two"});
  EXPECT_EQ(replayed(), (texts{"one", "two"}));
}

TEST_F(outbox_file, finds_no_records_inside_of_a_damaged_one) {
  append({"inner"});
  outbox_.reset();
  std::string inner(std::filesystem::file_size(file_), '\0');
  std::ifstream(file_, std::ios::binary).read(inner.data(), static_cast<std::streamsize>(inner.size()));
  std::filesystem::resize_file(file_, 0);
  outbox_ = must_open_outbox(file_);
  append({inner + "tail"});
  outbox_.reset();
  std::filesystem::resize_file(file_, std::filesystem::file_size(file_) - 1);
  outbox_ = must_open_outbox(file_);
  EXPECT_EQ(replayed(), texts{});
}

TEST_F(outbox_file, refuses_when_it_is_full_and_keeps_what_is_there) {
  outbox_ = must_open_outbox(scratch_ / "small", 2 * (record_file::header_bytes + 3));
  append({"one", "two"});
  const auto refused = run(append_all(*outbox_, {""}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, error_reason::unavailable);
  EXPECT_EQ(replayed(), (texts{"one", "two"}));
  append({"three"});
}

TEST_F(outbox_file, takes_many_at_once) {
  asio::io_context loop(1);
  std::vector<std::future<result<void>>> done;
  texts expected;
  for (int i = 0; i < 500; ++i) {
    expected.push_back(std::to_string(i));
    done.push_back(asio::co_spawn(loop.get_executor(), outbox_->append(expected.back()), asio::use_future));
  }
  loop.run();
  for (auto& one : done)
    EXPECT_TRUE(one.get());
  EXPECT_EQ(replayed(), expected);
}

task<result<void>> try_to_replay_within(outbox& from, int& refused) {
  const auto second = co_await from.replay([](const texts&) -> task<result<void>> { std::terminate(); });
  if (!second && second.error().reason == error_reason::conflict) ++refused;
  co_return result<void>();
}
TEST_F(outbox_file, is_replayed_by_one_at_a_time) {
  append({"one"});
  int refused = 0;
  EXPECT_EQ(run(outbox_->replay([&](const texts&) { return try_to_replay_within(*outbox_, refused); })), 1U);
  EXPECT_EQ(refused, 1);
}

task<result<void>> never(texts) {
  steady_timer timer(co_await asio::this_coro::executor, 1h);
  co_await timer.async_wait(use_task);
  co_return result<void>();
}
task<> give_up_on_a_replay(outbox& from) {
  auto replaying = from.replay(never);
  const auto outcome = co_await async::with_deadline(std::move(replaying), 20ms);
  EXPECT_FALSE(outcome);
}
TEST_F(outbox_file, loses_nothing_to_a_replay_that_was_given_up) {
  append({"one", "two"});
  run(give_up_on_a_replay(*outbox_));
  EXPECT_EQ(replayed(), (texts{"one", "two"}));
}

TEST_F(outbox_file, has_room_left_on_a_disk_that_is_full) {
  outbox_.reset();
  const bool ran = run_on_small_disk(scratch_.path(), 1U << 20U, [this] {
    outbox_ = std::move(*outbox::open({.file = file_, .room_bytes = 128U << 10U, .free_bytes_min = 64U << 10U}));
    EXPECT_TRUE(run(outbox_->check()));
    const std::string record(50'000, 'r');
    {
      const ballast all(scratch_ / "ballast");
      const auto full = run(outbox_->check());
      ASSERT_FALSE(full);
      EXPECT_NE(full.error().message.find("is full"), std::string::npos) << full.error().message;
      append({record, record});
      const auto refused = run(append_all(*outbox_, {record}));
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().reason, error_reason::unavailable);
      EXPECT_EQ(outbox_->records_waiting(), 2U);
    }
    EXPECT_TRUE(run(outbox_->check()));
    // What was used is held again, and after all was taken, too.
    for (int round = 0; round < 2; ++round) {
      const ballast all(scratch_ / "ballast");
      append({record, record});
      EXPECT_EQ(replayed().size(), round == 0 ? 4U : 2U);
    }
    outbox_.reset();
  });
  if (!ran) GTEST_SKIP() << "no file system may be mounted here";
}

task<result<void>> append_together(outbox& to, texts records, std::vector<bool>& kept) {
  std::vector<std::future<result<void>>> done;
  for (std::string& record : records)
    done.push_back(asio::co_spawn(co_await asio::this_coro::executor, to.append(std::move(record)), asio::use_future));
  for (auto& one : done) {
    while (one.wait_for(0s) != std::future_status::ready)
      co_await asio::post(co_await asio::this_coro::executor, use_task);
    kept.push_back(one.get().has_value());
  }
  co_return result<void>();
}

TEST_F(outbox_file, keeps_the_small_where_the_large_has_no_room) {
  outbox_.reset();
  const bool ran = run_on_small_disk(scratch_.path(), 1U << 20U, [this] {
    outbox_ = std::move(*outbox::open({.file = file_, .room_bytes = 64U << 10U}));
    const ballast all(scratch_ / "ballast");
    std::vector<bool> kept;
    EXPECT_TRUE(run(append_together(*outbox_, {"one", std::string(100'000, 'r'), "two"}, kept)));
    EXPECT_EQ(kept, (std::vector{true, false, true}));
    EXPECT_EQ(replayed(), (texts{"one", "two"}));
    outbox_.reset();
  });
  if (!ran) GTEST_SKIP() << "no file system may be mounted here";
}

TEST_F(outbox_file, puts_what_nobody_takes_into_a_file_of_its_own) {
  append({"one"});
  ASSERT_TRUE(run(outbox_->set_aside("bad")));
  ASSERT_TRUE(run(outbox_->set_aside("worse")));
  EXPECT_EQ(replayed(), texts{"one"});
  outbox_.reset();
  // It can take the outbox's place.
  std::filesystem::rename(file_.string() + ".refused", file_);
  outbox_ = must_open_outbox(file_);
  EXPECT_EQ(replayed(), (texts{"bad", "worse"}));
}

TEST_F(outbox_file, says_what_is_in_the_way) {
  std::filesystem::create_directory(scratch_ / "folder");
  const auto refused = outbox::open({.file = scratch_ / "folder"});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("cannot open " + (scratch_ / "folder").string()), std::string::npos);
}

}  // namespace
}  // namespace sluice::store
