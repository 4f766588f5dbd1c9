#include "app/account_commands.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "app/exit_codes.hpp"

namespace sluice::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string password = "korrekt pferd 7 Batterie\n";

// A folder with a database in it, and what the commands say of it.
class account_commands : public testing::Test {
 public:
  account_commands() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~account_commands() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  int run(account_request asked, const std::string& input = {}) {
    asked.from.environment = {};
    asked.from.searched_files = {};
    asked.from.flags.push_back({.flag = "--data", .path = "data_dir", .text = folder_.string()});
    std::istringstream in(input);
    out.str({});
    err.str({});
    return run_account_request(asked, in, out, err);
  }
  int add(const std::string& name, identity::role role = identity::role::user, const std::string& input = password) {
    return run(
        {.verb = account_verb::user_add, .from = {}, .username = name, .role = role, .key_name = {}, .key_id = {}},
        input);
  }
  int of(account_verb verb, const std::string& name, identity::role role = identity::role::user, bool json = false) {
    return run(
        {.verb = verb, .from = {}, .username = name, .role = role, .key_name = "laptop", .key_id = {}, .json = json});
  }
  boost::json::value printed() const { return boost::json::parse(out.str()); }

  std::filesystem::path folder_;
  std::ostringstream out;
  std::ostringstream err;
};

TEST_F(account_commands, add_and_list_users) {
  EXPECT_EQ(add("alice", identity::role::admin), exit_fine) << err.str();
  EXPECT_EQ(out.str(), "alice can sign in now\n");
  EXPECT_EQ(add("Jörg"), exit_fine) << err.str();
  EXPECT_EQ(of(account_verb::user_list, ""), exit_fine);
  EXPECT_THAT(out.str(), StartsWith("id "));
  EXPECT_THAT(out.str(), HasSubstr("  alice     admin  enabled  20"));
  EXPECT_THAT(out.str(), HasSubstr("  Jörg      user   enabled  20"));
  EXPECT_EQ(of(account_verb::user_list, "", {}, true), exit_fine);
  EXPECT_EQ(printed().at(0).at("username"), "alice");
  EXPECT_EQ(printed().at(1).at("disabled"), false);
}

TEST_F(account_commands, refuse_what_cannot_be) {
  EXPECT_EQ(add("alice", identity::role::admin), exit_fine);
  EXPECT_EQ(add("ALICE"), exit_usage);
  EXPECT_THAT(err.str(), HasSubstr("taken"));
  EXPECT_EQ(add("b b"), exit_usage);
  EXPECT_THAT(err.str(), HasSubstr("white space"));
  EXPECT_EQ(add("bob", {}, "short\n"), exit_usage);
  EXPECT_THAT(err.str(), HasSubstr("too short"));
  EXPECT_EQ(add("bob", {}, ""), exit_usage);
  EXPECT_THAT(err.str(), HasSubstr("first line"));
  EXPECT_EQ(of(account_verb::user_disable, "nobody"), exit_usage);
  EXPECT_THAT(err.str(), HasSubstr("no user of that name"));
  EXPECT_EQ(of(account_verb::user_disable, "alice"), exit_usage);
  EXPECT_THAT(err.str(), HasSubstr("last admin"));
  EXPECT_EQ(of(account_verb::user_role, "alice"), exit_usage);
  EXPECT_THAT(err.str(), HasSubstr("last admin"));
}

TEST_F(account_commands, change_users) {
  EXPECT_EQ(add("alice", identity::role::admin), exit_fine);
  EXPECT_EQ(add("bob"), exit_fine);
  EXPECT_EQ(of(account_verb::user_role, "bob", identity::role::admin), exit_fine);
  EXPECT_EQ(out.str(), "bob is an admin\n");
  EXPECT_EQ(of(account_verb::user_disable, "alice", {}, true), exit_fine);
  EXPECT_EQ(printed().at("disabled"), true);
  EXPECT_EQ(of(account_verb::user_enable, "alice"), exit_fine);
  EXPECT_EQ(run({.verb = account_verb::user_passwd, .from = {}, .username = "bob", .key_name = {}, .key_id = {}},
                "ein ganz anderes 9\n"),
            exit_fine);
  EXPECT_EQ(out.str(), "bob has a new password and no sessions\n");
}

TEST_F(account_commands, create_list_and_revoke_keys) {
  EXPECT_EQ(add("alice"), exit_fine);
  EXPECT_EQ(of(account_verb::key_create, "alice"), exit_fine);
  EXPECT_THAT(out.str(), StartsWith("sk-slc-"));
  EXPECT_EQ(out.str().size(), 57U);
  EXPECT_EQ(of(account_verb::key_list, "alice", {}, true), exit_fine);
  const auto listed = printed();
  EXPECT_EQ(listed.at(0).at("name"), "laptop");
  EXPECT_TRUE(listed.at(0).at("last_used_at").is_null());
  EXPECT_FALSE(listed.at(0).as_object().contains("key"));
  const std::string id(listed.at(0).at("id").as_string());
  const account_request revoke{
      .verb = account_verb::key_revoke, .from = {}, .username = {}, .key_name = {}, .key_id = id};
  EXPECT_EQ(run(revoke), exit_fine);
  EXPECT_EQ(out.str(), "alice has one key less\n");
  EXPECT_EQ(run(revoke), exit_usage);
  EXPECT_THAT(err.str(), HasSubstr("no such key"));
}

TEST_F(account_commands, say_when_the_database_is_not_to_be_had) {
  std::filesystem::path missing = "/proc/sluice-cannot-be-made";
  std::swap(folder_, missing);
  EXPECT_EQ(of(account_verb::user_list, ""), exit_unavailable);
  EXPECT_THAT(err.str(), HasSubstr("/proc/sluice-cannot-be-made"));
  std::swap(folder_, missing);
}

TEST_F(account_commands, make_no_database_where_somebody_looks_for_one) {
  for (const account_verb verb : {account_verb::user_list, account_verb::user_passwd, account_verb::key_create}) {
    EXPECT_EQ(of(verb, "alice"), exit_unavailable);
    EXPECT_THAT(err.str(), HasSubstr("there is no database at " + (folder_ / "sluice.db").string()));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(account_commands, say_that_a_file_is_no_database) {
  std::ofstream(folder_ / "sluice.db") << "a letter to grandmother, long enough to have a page's first bytes";
  EXPECT_EQ(of(account_verb::user_list, ""), exit_unavailable);
  EXPECT_THAT(err.str(), AllOf(HasSubstr("is not a SQLite database"), Not(HasSubstr("PRAGMA"))));
}

}  // namespace
}  // namespace sluice::app
