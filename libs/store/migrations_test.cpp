#include "store/migrations.hpp"

#include "store/database_testing.hpp"

namespace sluice::embedded {
extern const std::span<const store::migration> store_test_migrations;
}

namespace sluice::store {
namespace {

TEST(embed_migrations, has_the_files_in_order) {
  const auto steps = embedded::store_test_migrations;
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].number, 1U);
  EXPECT_EQ(steps[0].name, "create_books");
  EXPECT_TRUE(steps[0].sql.starts_with("-- A trigger"));
  EXPECT_EQ(steps[1].name, "add_year");
  EXPECT_EQ(steps[1].sql, "ALTER TABLE books ADD COLUMN year BIGINT;\n");
}

TEST(migrations, embedded_scripts_run_whole) {
  const scratch_directory scratch;
  const auto opened = must_open(scratch / "data.db");
  ASSERT_TRUE(opened->migrate("books", embedded::store_test_migrations));
  EXPECT_TRUE(opened->write_now([](soci::session& sql) -> result<void> {
    sql << "INSERT INTO books (id, year) VALUES ('b', 1)";
    return {};
  }));
  EXPECT_EQ(opened->read_now([](soci::session& sql) -> result<std::string> {
    std::string title;
    sql << "SELECT title FROM titles", soci::into(title);
    return title;
  }),
            ":none");
}

}  // namespace
}  // namespace sluice::store
