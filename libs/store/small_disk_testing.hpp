// A file system that is really full, for tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sluice::store {

/// Takes all that is left on a disk, until it goes.
class ballast {
 public:
  explicit ballast(std::filesystem::path file) : file_(std::move(file)) {
    const int opened = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::string block(4096, 'b');
    while (::write(opened, block.data(), block.size()) > 0) {
    }
    ::close(opened);
  }
  ~ballast() { std::filesystem::remove(file_); }
  ballast(const ballast&) = delete;
  ballast& operator=(const ballast&) = delete;

 private:
  std::filesystem::path file_;
};

/// Runs `body` in a child of this process that sees a disk of `bytes` at `place`, which nobody else does; what it
/// expects is reported as this process's own. Threads stay behind: what has some is made in there, and unmade. False:
/// this machine does not allow that.
inline bool run_on_small_disk(const std::filesystem::path& place, std::uint64_t bytes,
                              const std::function<void()>& body) {
  constexpr int not_allowed = 77;
  const ::pid_t child = ::fork();
  if (child == 0) {
    const std::string size = "size=" + std::to_string(bytes);
    const bool apart = ::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    if (!apart || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", place.c_str(), "tmpfs", 0, size.c_str()) != 0)
      ::_exit(not_allowed);
    ::alarm(60);  // seconds: a test that hangs has failed
    body();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == not_allowed) return false;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "on the small disk; status " << status;
  return true;
}

}  // namespace sluice::store
