#include <fstream>

#include <soci/sqlite3/soci-sqlite3.h>

#include "store/database.hpp"
#include "store/database_testing.hpp"

namespace sluice::store {
namespace {

std::string refusal(const std::filesystem::path& file) {
  const auto opened = open_file(file);
  return opened ? "it was opened" : opened.error().message;
}

TEST(database_open, says_that_a_file_is_no_database) {
  const scratch_directory scratch;
  std::ofstream(scratch / "notes.txt") << std::string(5000, 'x');
  EXPECT_EQ(refusal(scratch / "notes.txt"), "the database " + (scratch / "notes.txt").string() +
                                                " is not a SQLite database; move it away or choose another name");
  EXPECT_EQ(std::filesystem::file_size(scratch / "notes.txt"), 5000U);
}

TEST(database_open, says_that_a_file_is_damaged) {
  const scratch_directory scratch;
  const auto file = scratch / "data.db";
  {
    const auto opened = must_open(file);
    ASSERT_TRUE(opened->migrate("test", numbers_schema()));
    ASSERT_TRUE(opened->write_now([](soci::session& sql) -> result<void> {
      for (long long n = 0; n < 5000; ++n)
        (void)insert_number(sql, n);
      return {};
    }));
  }
  {
    std::fstream broken(file, std::ios::in | std::ios::out | std::ios::binary);
    broken.seekp(static_cast<std::streamoff>(std::filesystem::file_size(file) / 2));
    broken << std::string(8192, '\xa5');
  }
  const std::string said = refusal(file);
  EXPECT_NE(said.find(file.string() + " is damaged; restore a backup"), std::string::npos) << said;
}

TEST(database_open, says_that_a_folder_is_in_the_way) {
  const scratch_directory scratch;
  std::filesystem::create_directory(scratch / "data.db");
  EXPECT_NE(refusal(scratch / "data.db").find("is no file"), std::string::npos);
  std::ofstream(scratch / "file") << "x";
  EXPECT_NE(refusal(scratch / "file/data.db").find("Not a directory"), std::string::npos);
}

TEST(database_open, says_that_another_process_holds_it) {
  const scratch_directory scratch;
  const auto file = scratch / "data.db";
  must_open(file).reset();
  soci::session other(soci::sqlite3, "dbname=" + file.string());
  other << "PRAGMA locking_mode = EXCLUSIVE";
  other << "BEGIN EXCLUSIVE";
  EXPECT_NE(refusal(file).find("is locked by another process"), std::string::npos) << refusal(file);
}

TEST(database_open, knows_its_urls) {
  const auto reason = [](std::string url) { return database::open({.url = std::move(url)}).error(); };
  EXPECT_EQ(reason("postgresql://user@[::1/db").reason, error_reason::invalid_argument);
  EXPECT_EQ(reason("sqlite:").reason, error_reason::invalid_argument);
  EXPECT_EQ(reason("data.db").reason, error_reason::invalid_argument);
  EXPECT_EQ(reason("mysql://host/db").param, "database.url");
}

}  // namespace
}  // namespace sluice::store
