// Where a worker's sockets read into: one buffer for all of them, so that a waiting socket holds none.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace sluice::http {

/// One worker's read buffer. What was read is good until the reader next waits: any other coroutine of the worker may
/// use the buffer then. Behind `bytes()` lie `padding` more bytes, so that simdjson may parse in place.
class worker_buffer {
 public:
  static constexpr std::size_t size = std::size_t{64} * 1024;
  static constexpr std::size_t padding = 64;

  std::span<char> bytes() { return {storage_.get(), size}; }

 private:
  std::unique_ptr<char[]> storage_ = std::make_unique<char[]>(size + padding);
};

/// The read buffers of a process, one per worker.
class worker_buffers {
 public:
  explicit worker_buffers(std::size_t workers) : buffers_(workers) {}
  worker_buffer& operator[](std::size_t worker) { return buffers_[worker]; }

 private:
  std::vector<worker_buffer> buffers_;
};

}  // namespace sluice::http
