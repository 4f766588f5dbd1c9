#include "store/private_files.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::store {

file_descriptor::~file_descriptor() {
  if (number_ >= 0) ::close(number_);
}

std::string system_message(int number) {
  return std::error_code(number, std::generic_category()).message();
}

result<void> sync_directory(const std::filesystem::path& directory) {
  const file_descriptor opened(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems know no sync of folders (EINVAL); they cannot do better.
  if (opened && (::fsync(opened.get()) == 0 || errno == EINVAL)) return {};
  return failure(error_reason::unavailable,
                 fmt::format("cannot sync the folder {}: {}", directory.string(), system_message(errno)));
}

result<void> make_private_directory(const std::filesystem::path& directory) {
  std::error_code none;
  if (directory.empty() || std::filesystem::is_directory(directory, none)) return {};
  if (auto made = make_private_directory(directory.parent_path()); !made) return made;
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return failure(error_reason::unavailable,
                   fmt::format("cannot make the folder {}: {}; make it, or choose another place", directory.string(),
                               system_message(errno)));
  return sync_directory(directory.parent_path());
}

}  // namespace sluice::store
