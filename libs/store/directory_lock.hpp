// One process for one folder of data.
#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "store/private_files.hpp"

namespace sluice::store {

/// Holds `<directory>/lock` until it goes, or the process does, however that ends.
class directory_lock {
 public:
  /// Makes the folder (mode 0700) if it is not there. Errors: conflict, naming the process that holds it; unavailable.
  static result<directory_lock> acquire(const std::filesystem::path& directory);

 private:
  explicit directory_lock(file_descriptor held) : held_(std::move(held)) {}

  file_descriptor held_;
};

}  // namespace sluice::store
