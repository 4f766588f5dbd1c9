#include "http/chunk_decoder.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

constexpr std::string_view coded =
    "5\r\nhello\r\n1;name=\"value\"\r\n \r\nB \r\nworld\r\n\r\nxy\r\n0\r\nTrailer: 1\r\nOther:\r\n\r\n";
constexpr std::string_view plain = "hello world\r\n\r\nxy";

struct decoded {
  std::string payload;
  std::size_t consumed = 0;
  std::size_t views = 0;
};

// Each piece in a block of its own, so that a sanitizer sees a step over its end.
void feed(chunk_decoder& decoder, std::string_view piece, decoded& out) {
  std::vector<char> bytes(piece.begin(), piece.end());
  const auto [payload, consumed] = decoder.decode(bytes);
  out.payload += payload;
  out.consumed += consumed;
  out.views += payload.empty() ? 0 : 1;
}

TEST(chunk_decoder, many_chunks_of_one_read_are_one_view) {
  chunk_decoder decoder;
  decoded out;
  feed(decoder, coded, out);
  EXPECT_EQ(out.payload, plain);
  EXPECT_EQ(out.views, 1U);
  EXPECT_EQ(out.consumed, coded.size());
  EXPECT_TRUE(decoder.finished());
  EXPECT_FALSE(decoder.failed());
}

TEST(chunk_decoder, cut_at_every_two_places) {
  for (std::size_t a = 0; a <= coded.size(); ++a) {
    for (std::size_t b = a; b <= coded.size(); ++b) {
      chunk_decoder decoder;
      decoded out;
      feed(decoder, coded.substr(0, a), out);
      feed(decoder, coded.substr(a, b - a), out);
      feed(decoder, coded.substr(b), out);
      ASSERT_EQ(out.payload, plain) << a << ' ' << b;
      ASSERT_TRUE(decoder.finished()) << a << ' ' << b;
    }
  }
}

TEST(chunk_decoder, is_finished_at_the_last_byte_only) {
  chunk_decoder decoder;
  decoded out;
  for (std::size_t i = 0; i < coded.size(); ++i) {
    EXPECT_FALSE(decoder.finished()) << i;
    feed(decoder, coded.substr(i, 1), out);
  }
  EXPECT_EQ(out.payload, plain);
  EXPECT_TRUE(decoder.finished());
}

TEST(chunk_decoder, leaves_what_is_behind_the_end) {
  chunk_decoder decoder;
  decoded out;
  feed(decoder, "1\r\na\r\n0\r\n\r\nmore", out);
  EXPECT_EQ(out.payload, "a");
  EXPECT_EQ(out.consumed, 11U);
  EXPECT_TRUE(decoder.finished());
}

TEST(chunk_decoder, refuses_what_breaks_the_rules) {
  for (const std::string_view bad :
       {"g\r\n", "\r\n", ";x\r\n", "-1\r\n", "0x1\r\n", "1\n", "1\r\nab", "1\r\na\rb", "1\r\na\n", "1\rx",
        "10000000000000000\r\n", "fffffffffffffffff\r\n", "0\r\n\n", "0\r\n\rx", "0\r\nA: b\n", "1;x\n"}) {
    chunk_decoder decoder;
    decoded out;
    feed(decoder, bad, out);
    EXPECT_TRUE(decoder.failed()) << bad;
    EXPECT_LT(out.consumed, bad.size()) << bad;
  }
}

TEST(chunk_decoder, gives_what_came_before_the_fault) {
  chunk_decoder decoder;
  decoded out;
  feed(decoder, "3\r\nabc\r\nX", out);
  EXPECT_EQ(out.payload, "abc");
  EXPECT_TRUE(decoder.failed());
}

TEST(chunk_decoder, endless_extensions_trailers_and_zeros_fail) {
  for (const std::string start : {"1;", "0\r\nName: ", "0"}) {
    chunk_decoder decoder;
    decoded out;
    feed(decoder, start, out);
    const std::string more(64 * 1024, start == "0" ? '0' : 'x');
    feed(decoder, more, out);
    EXPECT_TRUE(decoder.failed()) << start;
  }
}

TEST(chunk_decoder, large_chunks_pass_through) {
  chunk_decoder decoder;
  decoded out;
  feed(decoder, "100000\r\n", out);
  const std::string piece(64 * 1024, 'a');
  for (int i = 0; i < 16; ++i)
    feed(decoder, piece, out);
  feed(decoder, "\r\n0\r\n\r\n", out);
  EXPECT_EQ(out.payload.size(), 0x100000U);
  EXPECT_TRUE(decoder.finished());
}

}  // namespace
}  // namespace sluice::http
