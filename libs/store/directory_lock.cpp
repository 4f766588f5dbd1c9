#include "store/directory_lock.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace sluice::store {
namespace {

// Who holds it wrote its process id into it, after it had it: there may be none yet.
std::string holder(int descriptor) {
  std::array<char, 16> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  int process = 0;
  std::from_chars(text.data(), text.data() + std::max<ssize_t>(size, 0), process);
  return process > 0 ? fmt::format("process {}", process) : "another process";
}

}  // namespace

result<directory_lock> directory_lock::acquire(const std::filesystem::path& directory) {
  if (auto made = make_private_directory(directory); !made) return std::unexpected(made.error());
  const std::filesystem::path file = directory / "lock";
  const auto refused = [&] {
    return failure(error_reason::unavailable, fmt::format("cannot lock {}: {}; let this process write there",
                                                          file.string(), system_message(errno)));
  };
  file_descriptor opened(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!opened) return refused();
  if (::flock(opened.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return refused();
    return failure(error_reason::conflict,
                   fmt::format("{} is in use by {}; stop that one, or give this one another folder", directory.string(),
                               holder(opened.get())));
  }
  const std::string process = fmt::format("{}\n", ::getpid());
  if (::ftruncate(opened.get(), 0) != 0 ||
      ::pwrite(opened.get(), process.data(), process.size(), 0) != static_cast<ssize_t>(process.size()))
    return refused();
  return directory_lock(std::move(opened));
}

}  // namespace sluice::store
