// An append-only array in chunks that never move: one writer, any number of readers, no lock.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>

namespace sluice {

/// Elements stay where they were put, so a reader may look at whatever the writer has *published* while the writer
/// goes on appending. Publishing is the owner's business (an atomic length with release/acquire): this class holds no
/// atomics. Chunk k holds `first_chunk << k` elements, so an append allocates only when a chunk is full, at most half
/// of the memory is unused, and the place of an element is two instructions away.
template <class T, std::size_t first_chunk>
class chunked_array {
  static_assert(std::has_single_bit(first_chunk) && std::is_trivially_copyable_v<T>);

 public:
  static constexpr std::size_t chunks_max = 30;

  /// Writer only. Copies `items` behind the last element.
  void append(std::span<const T> items) {
    while (!items.empty()) {
      const place at = place_of(size_);
      assert(at.chunk < chunks_max);
      if (!chunks_[at.chunk]) chunks_[at.chunk] = std::make_unique_for_overwrite<T[]>(first_chunk << at.chunk);
      const std::size_t room = (first_chunk << at.chunk) - at.offset;
      const std::size_t count = std::min(room, items.size());
      std::memcpy(chunks_[at.chunk].get() + at.offset, items.data(), count * sizeof(T));
      size_ += count;
      items = items.subspan(count);
    }
  }
  void append(const T& item) { append(std::span<const T>(&item, 1)); }

  /// Writer only: the number of elements, published or not.
  std::size_t size() const { return size_; }

  /// The element at `index`, which must have been published to the calling thread.
  const T& operator[](std::size_t index) const {
    const place at = place_of(index);
    return chunks_[at.chunk][at.offset];
  }

  /// Calls `visit(std::span<const T>)` for the contiguous pieces of [from, to), in order; all of it published.
  template <class Visitor>
  void for_each_piece(std::size_t from, std::size_t to, Visitor&& visit) const {
    while (from < to) {
      const place at = place_of(from);
      const std::size_t count = std::min((first_chunk << at.chunk) - at.offset, to - from);
      visit(std::span<const T>(chunks_[at.chunk].get() + at.offset, count));
      from += count;
    }
  }

 private:
  struct place {
    std::size_t chunk;
    std::size_t offset;
  };
  // Element i lies in chunk log2(i / first_chunk + 1); the chunks before it hold first_chunk * (2^chunk - 1) elements.
  static place place_of(std::size_t index) {
    const std::size_t chunk = static_cast<std::size_t>(std::bit_width(index / first_chunk + 1)) - 1;
    return {chunk, index - first_chunk * ((std::size_t{1} << chunk) - 1)};
  }

  std::array<std::unique_ptr<T[]>, chunks_max> chunks_;
  std::size_t size_ = 0;
};

}  // namespace sluice
