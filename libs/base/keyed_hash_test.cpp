#include "base/keyed_hash.hpp"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace sluice {
namespace {

// Of the authors' reference implementation with one round and three, its key and texts the bytes 0, 1, 2, …
TEST(keyed_hash, gives_the_reference_values) {
  const keyed_hash hash(0x0706050403020100, 0x0f0e0d0c0b0a0908);
  std::string text;
  for (char c = 0; c < 16; ++c)
    text.push_back(c);
  for (const auto& [size, expected] :
       {std::pair(0U, 0xabac0158050fc4dcU), std::pair(1U, 0xc9f49bf37d57ca93U), std::pair(7U, 0xd3927d989bb11140U),
        std::pair(8U, 0x369095118d299a8eU), std::pair(15U, 0xd320d86d2a519956U), std::pair(16U, 0xcc4fdd1a7d908b66U)})
    EXPECT_EQ(hash(std::string_view(text).substr(0, size)), expected) << size;
}

TEST(keyed_hash, has_a_key_of_its_own) {
  EXPECT_NE(keyed_hash()("text"), keyed_hash()("text"));
}

}  // namespace
}  // namespace sluice
