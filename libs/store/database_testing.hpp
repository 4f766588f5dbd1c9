// What the tests of databases share: a folder that goes away, coroutines run to their end.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <stdlib.h>

#include "store/database.hpp"
#include "store/postgres_testing.hpp"

namespace sluice::store {

/// An empty folder for one test.
class scratch_directory {
 public:
  scratch_directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "store-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~scratch_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;

  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline result<std::unique_ptr<database>> open_file(const std::filesystem::path& file) {
  return database::open({.url = "sqlite:" + file.string(), .busy_timeout = std::chrono::milliseconds(50)});
}

/// Opens it or ends the test. Where tests run on PostgreSQL, a file stands for a schema there.
inline std::unique_ptr<database> must_open(database_settings told) {
  if (tests_run_on_postgres() && told.url.starts_with("sqlite:")) {
    told.url = shared_postgres().schema_url(told.url);
    told.busy_timeout = std::chrono::seconds(5);  // of tests that are short of it on purpose: a lock is no file
  }
  auto opened = database::open(std::move(told));
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}
inline std::unique_ptr<database> must_open(const std::filesystem::path& file) {
  return must_open({.url = "sqlite:" + file.string(), .busy_timeout = std::chrono::milliseconds(50)});
}

/// Runs a coroutine to its end, on the main thread. One loop for all: it has to outlive every database.
template <class T>
T run(task<T> work) {
  static asio::io_context& loop = *new asio::io_context(1);
  auto ended = asio::co_spawn(loop.get_executor(), std::move(work), asio::use_future);
  loop.restart();
  loop.run();
  return ended.get();
}

inline const std::vector<migration>& numbers_schema() {
  static const std::vector<migration> steps = {
      {1, "create_numbers", "CREATE TABLE numbers (n BIGINT PRIMARY KEY, word TEXT NOT NULL);"}};
  return steps;
}

/// Inserts a row into the table of `numbers_schema`.
inline result<void> insert_number(soci::session& sql, long long n) {
  sql << "INSERT INTO numbers (n, word) VALUES (:n, 'w')", soci::use(n);
  return {};
}

inline result<long long> count_numbers(soci::session& sql) {
  long long count = 0;
  sql << "SELECT count(*) FROM numbers", soci::into(count);
  return count;
}

}  // namespace sluice::store
