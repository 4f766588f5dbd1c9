#include "store/directory_lock.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/database_testing.hpp"

namespace sluice::store {
namespace {

TEST(directory_lock, is_held_once_and_names_who_holds_it) {
  const scratch_directory scratch;
  const auto directory = scratch / "made/data";
  {
    const auto held = directory_lock::acquire(directory);
    ASSERT_TRUE(held) << held.error().message;
    struct stat about{};
    ASSERT_EQ(::stat(directory.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0700U);
    const auto second = directory_lock::acquire(directory);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().reason, error_reason::conflict);
    EXPECT_NE(second.error().message.find(fmt::format("process {}", ::getpid())), std::string::npos)
        << second.error().message;
    EXPECT_NE(second.error().message.find(directory.string()), std::string::npos);
  }
  EXPECT_TRUE(directory_lock::acquire(directory));
}

TEST(directory_lock, says_what_is_in_the_way) {
  const scratch_directory scratch;
  ASSERT_TRUE(directory_lock::acquire(scratch.path()));
  const auto below_a_file = directory_lock::acquire(scratch / "lock/data");
  ASSERT_FALSE(below_a_file);
  EXPECT_NE(below_a_file.error().message.find("Not a directory"), std::string::npos) << below_a_file.error().message;
}

}  // namespace
}  // namespace sluice::store
