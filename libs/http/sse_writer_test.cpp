#include "http/sse_writer.hpp"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(sse_writer, writes_the_fields_that_there_are) {
  std::string out;
  append_sse_event(out, R"({"a":1})");
  append_sse_event(out, "{}", "message_start", "gen_1:2");
  EXPECT_EQ(out, "data: {\"a\":1}\n\nid: gen_1:2\nevent: message_start\ndata: {}\n\n");
}

TEST(sse_writer, lets_data_be_written_in_place) {
  std::string out;
  begin_sse_event(out, "delta");
  out += "{}";
  end_sse_event(out);
  EXPECT_EQ(out, "event: delta\ndata: {}\n\n");
}

TEST(sse_writer, splits_data_at_line_breaks) {
  std::string out;
  append_sse_event(out, "a\nb\r\nc\rd\n");
  EXPECT_EQ(out, "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
}

TEST(sse_writer, keeps_comments_comments) {
  std::string out;
  append_sse_comment(out);
  append_sse_comment(out, "keep\nalive");
  EXPECT_EQ(out, ": \n\n: keep\n: alive\n\n");
}

}  // namespace
}  // namespace sluice::http
