#include "store/record_file.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <boost/crc.hpp>
#include <boost/endian/conversion.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::store {
namespace {

constexpr std::uint32_t magic = 0x314f4c53;  // "SLO1"

using header = std::array<char, record_file::header_bytes>;

std::uint32_t load(const header& bytes, std::size_t at) {
  return boost::endian::load_little_u32(reinterpret_cast<const unsigned char*>(bytes.data()) + at);
}

void store_at(header& bytes, std::size_t at, std::uint32_t value) {
  boost::endian::store_little_u32(reinterpret_cast<unsigned char*>(bytes.data()) + at, value);
}

header make_header(std::string_view text) {
  header made{};
  store_at(made, 0, magic);
  store_at(made, 4, static_cast<std::uint32_t>(text.size()));
  boost::crc_32_type sum;
  sum.process_bytes(made.data() + 4, 4);
  sum.process_bytes(text.data(), text.size());
  store_at(made, 8, sum.checksum());
  return made;
}

// Reads all that was asked for, or says how much there was; -1 with errno.
ssize_t read_whole(int descriptor, char* into, std::size_t size, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = ::pread(descriptor, into + done, size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(done);
}

bool write_whole(int descriptor, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return true;
}

}  // namespace

std::unexpected<error> record_file::refused(std::string_view what) const {
  return failure(error_reason::unavailable,
                 fmt::format("cannot {} {}: {}", what, path_.string(), system_message(errno)));
}

result<record_file> record_file::open(const std::filesystem::path& file) {
  if (auto made = make_private_directory(file.parent_path()); !made) return std::unexpected(made.error());
  record_file made(file, file_descriptor(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)));
  if (!made.file_) return made.refused("open");
  if (auto synced = sync_directory(file.parent_path()); !synced) return std::unexpected(synced.error());
  if (auto recovered = made.recover(); !recovered) return std::unexpected(recovered.error());
  return made;
}

result<void> record_file::recover() {
  struct stat about{};
  if (::fstat(file_.get(), &about) != 0) return refused("look at");
  const auto end = static_cast<std::uint64_t>(about.st_size);
  size_ = end;  // `read` goes so far
  std::uint64_t sound = 0;
  while (sound < end) {
    header head{};
    if (end - sound < header_bytes) break;
    if (read_whole(file_.get(), head.data(), head.size(), sound) < 0) return refused("read");
    if (load(head, 0) == magic && end - sound - header_bytes < load(head, 4)) break;
    const auto found = read(sound);
    if (!found && found.error().reason != error_reason::internal) return std::unexpected(found.error());
    if (!found) {
      if (auto kept = set_aside(sound, end); !kept) return kept;
      break;
    }
    sound = found->next;
    ++records_found_;
  }
  return sound == end ? result<void>() : cut(sound);
}

result<void> record_file::set_aside(std::uint64_t offset, std::uint64_t end) {
  const std::string place = path_.string() + ".damaged";
  const file_descriptor other(::open(place.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!other) return refused("keep the damaged part of");
  std::array<char, 65536> block{};
  for (std::uint64_t at = offset; at < end;) {
    const ssize_t size = read_whole(file_.get(), block.data(), block.size(), at);
    if (size <= 0) return refused("read");
    if (!write_whole(other.get(), {block.data(), static_cast<std::size_t>(size)}, at - offset))
      return refused("keep the damaged part of");
    at += static_cast<std::uint64_t>(size);
  }
  if (::fsync(other.get()) != 0) return refused("keep the damaged part of");
  damaged_bytes_found_ = end - offset;
  return sync_directory(path_.parent_path());
}

result<void> record_file::cut(std::uint64_t size) {
  if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0 || ::fdatasync(file_.get()) != 0) return refused("cut");
  size_ = size;
  return {};
}

result<void> record_file::append(std::span<const std::string> texts) {
  std::string block;
  for (const std::string& text : texts) {
    const header head = make_header(text);
    block.append(head.data(), head.size()).append(text);
  }
  if (write_whole(file_.get(), block, size_) && ::fdatasync(file_.get()) == 0) {
    size_ += block.size();
    return {};
  }
  auto failed = refused("write");
  // What is left of it would be read as records after a crash, although they were refused. If not even this works, the
  // next append writes over it.
  std::ignore = cut(size_);
  return failed;
}

result<record_file::record> record_file::read(std::uint64_t offset) const {
  header head{};
  if (read_whole(file_.get(), head.data(), head.size(), offset) != static_cast<ssize_t>(head.size()))
    return refused("read");
  const std::uint64_t length = load(head, 4);
  record found{.text = {}, .next = offset + header_bytes + length};
  const auto damaged = [&] {
    return failure(error_reason::internal, fmt::format("{} is damaged at byte {}", path_.string(), offset));
  };
  if (load(head, 0) != magic || found.next > size_) return damaged();
  found.text.resize(length);
  if (read_whole(file_.get(), found.text.data(), length, offset + header_bytes) != static_cast<ssize_t>(length))
    return refused("read");
  if (make_header(found.text) != head) return damaged();
  return found;
}

result<void> record_file::clear() {
  return cut(0);
}

result<void> record_file::hold_room(std::uint64_t bytes) {
  // Beyond its end, so that what is read as records stays what was written as such.
  while (::fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(size_), static_cast<off_t>(bytes)) != 0) {
    if (errno != EINTR) return refused("keep room for");
  }
  return {};
}

}  // namespace sluice::store
