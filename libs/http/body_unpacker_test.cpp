#include "http/body_unpacker.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

namespace sluice::http {
namespace {

using progress = body_unpacker::progress;

std::string pack(std::string_view text, int format = 15 + 16) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

progress run(body_unpacker& subject) {
  for (int steps = 0; steps < 1000; ++steps) {
    if (const progress now = subject.step(); now != progress::more) return now;
  }
  return progress::more;
}

progress outcome_of(std::string_view packed, std::size_t bytes_max = 1000) {
  body_unpacker subject(packed, bytes_max);
  return run(subject);
}

TEST(body_unpacker, unpacks) {
  std::string text = "Grüße ";
  for (int i = 0; i < 200'000; ++i)
    text += std::to_string(i);
  for (const std::string& packed : {pack(text), pack(text, 15)}) {
    body_unpacker subject(packed, text.size());
    EXPECT_EQ(run(subject), progress::done);
    EXPECT_EQ(subject.body(), text);
  }
  const std::string nothing = pack("");
  body_unpacker empty(nothing, 10);
  EXPECT_EQ(run(empty), progress::done);
  EXPECT_EQ(empty.body(), "");
}

TEST(body_unpacker, a_bomb_is_held_to_the_limit) {
  const std::string packed = pack(std::string(50 << 20, '0'));
  body_unpacker subject(packed, 1 << 20);
  EXPECT_EQ(run(subject), progress::too_large);
  EXPECT_LE(subject.body().capacity(), 4U << 20);
  const std::string exactly = pack("12345");
  EXPECT_EQ(outcome_of(exactly, 4), progress::too_large);
  EXPECT_EQ(outcome_of(exactly, 5), progress::done);
}

TEST(body_unpacker, what_is_broken) {
  const std::string packed = pack("a text of some length, so that there is something to cut");
  for (std::size_t cut = 0; cut < packed.size(); ++cut)
    EXPECT_EQ(outcome_of(std::string_view(packed).substr(0, cut)), progress::broken) << cut;
  EXPECT_EQ(outcome_of(packed + "x"), progress::broken);
  EXPECT_EQ(outcome_of("{\"not\":\"packed\"}"), progress::broken);
  std::string damaged = packed;
  damaged[packed.size() - 6] = static_cast<char>(damaged[packed.size() - 6] ^ 1);  // its checksum
  EXPECT_EQ(outcome_of(damaged), progress::broken);
}

TEST(body_unpacker, codings_that_are_known) {
  for (const std::string_view coding : {"gzip", "X-GZIP", "deflate"})
    EXPECT_TRUE(body_unpacker::knows(coding)) << coding;
  for (const std::string_view coding : {"br", "zstd", "gzip, gzip", "compress", ""})
    EXPECT_FALSE(body_unpacker::knows(coding)) << coding;
}

}  // namespace
}  // namespace sluice::http
