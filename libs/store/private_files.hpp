// Files and folders that only their owner may read, and that are still there after a power cut.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace sluice::store {

/// Closes itself.
class file_descriptor {
 public:
  explicit file_descriptor(int number = -1) : number_(number) {}
  file_descriptor(file_descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~file_descriptor();

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

/// Makes what is missing of the folder, mode 0700. The message says what to do.
result<void> make_private_directory(const std::filesystem::path& directory);

/// Makes the names in the folder durable.
result<void> sync_directory(const std::filesystem::path& directory);

/// What errno means.
std::string system_message(int number);

}  // namespace sluice::store
