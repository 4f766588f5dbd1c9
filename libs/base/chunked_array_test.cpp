#include "base/chunked_array.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(chunked_array, keeps_every_element_in_order_across_chunks) {
  chunked_array<int, 4> array;
  for (int i = 0; i < 1000; ++i)
    array.append(i);
  ASSERT_EQ(array.size(), 1000U);
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(array[static_cast<std::size_t>(i)], i);
}

TEST(chunked_array, gives_any_range_as_pieces) {
  chunked_array<char, 8> bytes;
  std::string all;
  for (int i = 0; i < 50; ++i) {
    const std::string word = "word" + std::to_string(i) + " ";
    bytes.append(std::span<const char>(word));
    all += word;
  }
  for (std::size_t from = 0; from <= all.size(); from += 7) {
    for (std::size_t to = from; to <= all.size(); to += 5) {
      std::string seen;
      bytes.for_each_piece(from, to, [&](std::span<const char> piece) { seen.append(piece.begin(), piece.end()); });
      ASSERT_EQ(seen, all.substr(from, to - from));
    }
  }
}

TEST(chunked_array, elements_never_move) {
  chunked_array<int, 2> array;
  array.append(7);
  const int* first = &array[0];
  for (int i = 0; i < 10000; ++i)
    array.append(i);
  EXPECT_EQ(first, &array[0]);
}

}  // namespace
}  // namespace sluice
