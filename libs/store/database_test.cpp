#include "store/database.hpp"

#include <sys/stat.h>

#include "store/database_testing.hpp"

namespace sluice::store {
namespace {

mode_t mode_of(const std::filesystem::path& path) {
  struct stat about{};
  EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
  return about.st_mode & 0777U;
}

TEST(database, files_are_for_their_owner_alone) {
  const scratch_directory scratch;
  const auto file = scratch / "a b/c/data.db";
  const auto opened = must_open(file);
  EXPECT_TRUE(opened->migrate("test", numbers_schema()));
  EXPECT_EQ(mode_of(scratch / "a b"), 0700U);
  EXPECT_EQ(mode_of(scratch / "a b/c"), 0700U);
  for (const char* ending : {"", "-wal", "-shm"})
    EXPECT_EQ(mode_of(file.string() + ending), 0600U) << ending;
}

TEST(database, what_was_written_is_read_and_stays) {
  const scratch_directory scratch;
  {
    const auto opened = must_open(scratch / "data.db");
    ASSERT_TRUE(opened->migrate("test", numbers_schema()));
    ASSERT_TRUE(opened->write_now([](soci::session& sql) { return insert_number(sql, 1); }));
    EXPECT_EQ(opened->read_now(count_numbers), 1);
  }
  const auto again = must_open(scratch / "data.db");
  EXPECT_EQ(again->read_now(count_numbers), 1);
}

task<> write_and_read(database& on) {
  for (long long n = 0; n < 10; ++n) {
    const auto written = co_await on.write([n](soci::session& sql) { return insert_number(sql, n); });
    EXPECT_TRUE(written);
    const auto count = co_await on.read(count_numbers);
    EXPECT_EQ(count, n + 1);
  }
}
TEST(database, a_read_sees_what_was_acknowledged) {
  const scratch_directory scratch;
  const auto opened = must_open(scratch / "data.db");
  ASSERT_TRUE(opened->migrate("test", numbers_schema()));
  run(write_and_read(*opened));
}

TEST(database, values_come_back_as_they_were) {
  const scratch_directory scratch;
  const auto opened = must_open(scratch / "data.db");
  ASSERT_TRUE(opened->migrate("test", numbers_schema()));
  using pair = std::pair<long long, std::string>;
  const std::vector<pair> values = {
      {9'007'199'254'740'993, std::string("a\0b", 3)}, {std::numeric_limits<long long>::min(), ""}, {0, "§ 😀 ':n"}};
  for (const pair& value : values) {
    ASSERT_TRUE(opened->write_now([value](soci::session& sql) -> result<void> {
      sql << "INSERT INTO numbers (n, word) VALUES (:n, :word)", soci::use(value.first), soci::use(value.second);
      return {};
    }));
    EXPECT_EQ(opened->read_now([n = value.first](soci::session& sql) -> result<std::string> {
      std::string word = "unset";
      sql << "SELECT word FROM numbers WHERE n = :n", soci::use(n), soci::into(word);
      return word;
    }),
              value.second);
  }
}

TEST(database, a_read_without_end_is_broken_off) {
  const scratch_directory scratch;
  const auto opened = must_open(
      {.url = "sqlite:" + (scratch / "data.db").string(), .readers = 1, .read_timeout = std::chrono::milliseconds(20)});
  const auto endless = opened->read_now([](soci::session& sql) -> result<long long> {
    long long count = 0;
    sql << "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", soci::into(count);
    return count;
  });
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().reason, error_reason::unavailable);
  EXPECT_EQ(endless.error().message, "the database took too long; ask for less");
  EXPECT_EQ(opened->read_now([](soci::session& sql) -> result<long long> {
    long long one = 0;
    sql << "SELECT 1", soci::into(one);
    return one;
  }),
            1);
}

}  // namespace
}  // namespace sluice::store
