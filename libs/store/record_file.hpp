// An append-only file of records that knows what of it is whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/error.hpp"
#include "store/private_files.hpp"

namespace sluice::store {

/// A record is a header of 12 bytes (magic, length, CRC-32 of length and text; little endian) and its text. Used by one
/// thread at a time; all calls block.
class record_file {
 public:
  struct record {
    std::string text;
    std::uint64_t next = 0;  ///< where the one after it begins
  };
  static constexpr std::uint64_t header_bytes = 12;
  static constexpr std::uint64_t text_bytes_max = 1U << 30U;

  /// Opens or makes it, mode 0600, and reads it once. A last record that is cut short was never acknowledged and is
  /// removed. From a record that is whole but wrong on, nothing can be trusted: that is moved to `<file>.damaged`.
  static result<record_file> open(const std::filesystem::path& file);

  /// All of them, on the disk when this returns; on an error, none. Each has at most `text_bytes_max`.
  result<void> append(std::span<const std::string> texts);
  /// `offset` is 0, a record's `next`, or less than `size()`.
  result<record> read(std::uint64_t offset) const;
  result<void> clear();
  /// Keeps so many bytes of the disk behind the last record for those to come, which then fit on a disk that is full.
  /// As much as possible: where there is less room it keeps what it has. A file system that copies when it writes, or
  /// knows no such thing (btrfs, ZFS), promises nothing; there the error is the same.
  result<void> hold_room(std::uint64_t bytes);

  std::uint64_t size() const { return size_; }
  /// Found at opening.
  std::uint64_t records_found() const { return records_found_; }
  std::uint64_t damaged_bytes_found() const { return damaged_bytes_found_; }

 private:
  record_file(std::filesystem::path file, file_descriptor opened) : path_(std::move(file)), file_(std::move(opened)) {}
  result<void> recover();
  result<void> set_aside(std::uint64_t offset, std::uint64_t end);
  result<void> cut(std::uint64_t size);
  std::unexpected<error> refused(std::string_view what) const;

  std::filesystem::path path_;
  file_descriptor file_;
  std::uint64_t size_ = 0;
  std::uint64_t records_found_ = 0;
  std::uint64_t damaged_bytes_found_ = 0;
};

}  // namespace sluice::store
