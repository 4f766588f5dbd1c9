#include "bench/net/http_reader.hpp"

#include <gtest/gtest.h>

namespace sluice::bench {
namespace {

// Feeds `bytes` in pieces of `size`; what is left over is returned.
std::string feed(http_reader& reader, std::string_view bytes, std::size_t size) {
  std::string pending;
  for (std::size_t begin = 0; begin < bytes.size(); begin += size) {
    pending += bytes.substr(begin, size);
    std::string_view rest(pending);
    reader.feed(rest);
    pending.erase(0, pending.size() - rest.size());
  }
  return pending;
}

TEST(HttpReader, ReadsChunksHoweverTheyCome) {
  constexpr std::string_view response =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Name:  a value \r\n\r\n"
      "5\r\nhello\r\n1;ext=1\r\n \r\n6\r\nworld\n\r\n0\r\nTrailer: x\r\n\r\nnext";
  for (std::size_t size = 1; size <= response.size(); ++size) {
    http_reader reader;
    EXPECT_EQ(feed(reader, response, size), "next") << size;
    EXPECT_EQ(reader.now(), http_reader::state::complete) << size;
    EXPECT_EQ(reader.body(), "hello world\n") << size;
    EXPECT_EQ(reader.header("x-NAME"), "a value");
    EXPECT_EQ(reader.status(), 200);
  }
}

TEST(HttpReader, ReadsALengthAndLeavesWhatFollows) {
  http_reader reader;
  EXPECT_EQ(feed(reader, "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET", 4), "GET");
  EXPECT_EQ(reader.start_line(), "POST /a HTTP/1.1");
  EXPECT_EQ(reader.body(), "abc");
  reader.reset();
  std::string_view again("GET /b HTTP/1.1\r\n\r\n");
  EXPECT_EQ(reader.feed(again), http_reader::state::complete);
  EXPECT_EQ(reader.start_line(), "GET /b HTTP/1.1");
}

TEST(HttpReader, SaysWhatIsBroken) {
  http_reader reader;
  std::string_view bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
  EXPECT_EQ(reader.feed(bytes), http_reader::state::broken);
}

}  // namespace
}  // namespace sluice::bench
