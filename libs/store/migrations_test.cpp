#include "store/migrations.hpp"

#include <future>

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

TEST(embed_migrations, embedded_scripts_run_whole) {
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

class migrations : public ::testing::Test {
 protected:
  // What is refused must leave everything as it was.
  std::string refusal(std::span<const migration> steps) {
    const auto made = opened_->migrate("test", steps);
    return made ? "it was done" : made.error().message;
  }
  std::vector<std::string> tables() {
    return opened_
        ->read_now([](soci::session& sql) -> result<std::vector<std::string>> {
          std::vector<std::string> names(100);
          const std::string question =
              tests_run_on_postgres()
                  ? "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() "
                    "ORDER BY 1"
                  : "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
          sql << question, soci::into(names);
          return names;
        })
        .value();
  }

  const scratch_directory scratch_;
  const std::unique_ptr<database> opened_ = must_open(scratch_ / "data.db");
  const migration first_{1, "create_a", "CREATE TABLE a (x TEXT);"};
  const migration second_{2, "create_b", "CREATE TABLE b (x TEXT);"};
};

using names = std::vector<std::string>;

TEST_F(migrations, run_once_and_only_what_is_pending) {
  ASSERT_TRUE(opened_->migrate("test", std::vector{first_}));
  ASSERT_TRUE(opened_->migrate("test", std::vector{first_}));
  ASSERT_TRUE(opened_->migrate("test", std::vector{first_, second_}));
  ASSERT_TRUE(opened_->migrate("other", std::vector<migration>{{1, "create_c", "CREATE TABLE c (x TEXT);"}}));
  EXPECT_EQ(tables(), (names{"a", "b", "c", "schema_migrations"}));
}

TEST_F(migrations, are_all_taken_back_when_one_fails) {
  const std::string said = refusal(std::vector<migration>{first_, {2, "wrong", "CREATE TABLE b (x TEXT);\nNONSENSE;"}});
  EXPECT_NE(said.find("step 2 (wrong) of the database's schema of test failed"), std::string::npos) << said;
  EXPECT_EQ(tables(), names{});
}

TEST_F(migrations, refuse_what_a_newer_version_wrote) {
  ASSERT_TRUE(opened_->migrate("test", std::vector{first_, second_}));
  const std::string said = refusal(std::vector{first_});
  EXPECT_NE(said.find("was written by a newer version"), std::string::npos) << said;
  EXPECT_NE(said.find("use that version or restore a backup"), std::string::npos) << said;
}

TEST_F(migrations, refuse_a_step_that_is_not_what_was_applied) {
  ASSERT_TRUE(opened_->migrate("test", std::vector{first_}));
  const std::string said = refusal(std::vector<migration>{{1, "create_a", "CREATE TABLE a (y TEXT);"}, second_});
  EXPECT_NE(said.find("step 1 (create_a)"), std::string::npos) << said;
  EXPECT_EQ(tables(), (names{"a", "schema_migrations"}));
}

TEST_F(migrations, have_no_gaps) {
  EXPECT_NE(refusal(std::vector{second_}).find("there is no 1"), std::string::npos);
  ASSERT_TRUE(opened_->migrate("test", std::vector{first_, second_}));
  ASSERT_TRUE(opened_->write_now([](soci::session& sql) -> result<void> {
    sql << "DELETE FROM schema_migrations WHERE number = 1";
    return {};
  }));
  EXPECT_NE(refusal(std::vector{first_, second_}).find("lacks step 1"), std::string::npos);
}

TEST_F(migrations, of_processes_that_start_at_once_run_once) {
  std::vector<std::future<result<void>>> done;
  for (int i = 0; i < 8; ++i) {
    done.push_back(std::async(std::launch::async, [this] {
      return must_open({.url = "sqlite:" + (scratch_ / "data.db").string()})
          ->migrate("test", std::vector{first_, second_});
    }));
  }
  for (auto& one : done) {
    const auto outcome = one.get();
    EXPECT_TRUE(outcome) << outcome.error().message << outcome.error().detail;
  }
  EXPECT_EQ(tables(), (names{"a", "b", "schema_migrations"}));
}

}  // namespace
}  // namespace sluice::store
