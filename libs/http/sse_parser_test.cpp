#include "http/sse_parser.hpp"

#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "http/sse_writer.hpp"

namespace sluice::http {
namespace {

using namespace std::string_literals;

struct event {
  std::string name, data, id;
  bool operator==(const event&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const event& e) {
    return out << '{' << e.name << " | " << e.data << " | " << e.id << '}';
  }
};
using events = std::vector<event>;

constexpr std::size_t large = 1 << 20;

/// Feeds one read that lies in memory of its own with nothing behind it.
void read(sse_parser& parser, std::string_view bytes, events& seen) {
  const std::vector<char> buffer(bytes.begin(), bytes.end());
  parser.feed({buffer.data(), buffer.size()});
  while (const auto e = parser.next())
    seen.push_back({std::string(e->name), std::string(e->data), std::string(e->id)});
}

/// The same events, and the same end, whole, cut at every byte and byte by byte.
void expect_events(const std::string& stream, const events& expected, bool partial = false,
                   std::size_t event_bytes_max = large, bool failed = false) {
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    sse_parser parser(event_bytes_max);
    events seen;
    read(parser, std::string_view(stream).substr(0, cut), seen);
    read(parser, std::string_view(stream).substr(cut), seen);
    ASSERT_EQ(seen, expected) << "cut at " << cut;
    ASSERT_EQ(parser.failed(), failed) << "cut at " << cut;
    if (!failed) ASSERT_EQ(parser.has_partial(), partial) << "cut at " << cut;
  }
  sse_parser parser(event_bytes_max);
  events seen;
  for (const char byte : stream)
    read(parser, {&byte, 1}, seen);
  ASSERT_EQ(seen, expected) << "byte by byte";
  ASSERT_EQ(parser.failed(), failed) << "byte by byte";
}

TEST(sse_parser, reads_the_examples_of_the_standard) {
  expect_events("data: YHOO\ndata: +2\ndata: 10\n\n", {{"message", "YHOO\n+2\n10", ""}});
  expect_events(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
                {{"message", "first event", "1"}, {"message", "second event", ""}}, true);
  expect_events("data\n\ndata\ndata\n\ndata:", {{"message", "", ""}, {"message", "\n", ""}}, true);
  expect_events("data:test\n\ndata: test\n\n", {{"message", "test", ""}, {"message", "test", ""}});
  expect_events("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n",
                {{"add", "73857293", ""}, {"remove", "2153", ""}, {"add", "113411", ""}});
}

TEST(sse_parser, takes_all_three_line_ends) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    expect_events("event: a" + end + "data: 1" + end + "data: 2" + end + end + "data: 3" + end + end,
                  {{"a", "1\n2", ""}, {"message", "3", ""}});
  }
  expect_events("data: a\r\rdata: b\n\r\ndata: c\r\n\n",
                {{"message", "a", ""}, {"message", "b", ""}, {"message", "c", ""}});
}

TEST(sse_parser, passes_over_one_byte_order_mark) {
  expect_events(
      "\xEF\xBB\xBF"
      "data: a\n\n",
      {{"message", "a", ""}});
  expect_events(
      "\xEF\xBB\xBF\xEF\xBB\xBF"
      "data: a\n\n",
      {});
  expect_events(
      "data: a\n\n\xEF\xBB\xBF"
      "data: b\n\n",
      {{"message", "a", ""}});
}

TEST(sse_parser, ignores_comments_and_unknown_fields) {
  expect_events(": ping\n\n:\nfoo: bar\ndatax: 1\n data: 2\nDATA: 3\ndata : 4\ndata: \xE6\xBC\xA2: x\n\n",
                {{"message", "\xE6\xBC\xA2: x", ""}});
}

TEST(sse_parser, forgets_an_event_without_data) {
  expect_events("event: ping\n\nid: 7\n\ndata: a\n\n", {{"message", "a", "7"}});
}

TEST(sse_parser, keeps_the_last_id_unless_it_holds_a_nul) {
  expect_events("id: 1\ndata: a\n\ndata: b\n\nid: \0\ndata: c\n\n"s,
                {{"message", "a", "1"}, {"message", "b", "1"}, {"message", "c", "1"}});
}

TEST(sse_parser, reads_retry_when_it_is_a_number) {
  sse_parser parser(large);
  events seen;
  read(parser, "retry: 1x\nretry: -5\nretry:\n\n", seen);
  EXPECT_FALSE(parser.retry());
  read(parser, "retry: 2500\n", seen);
  EXPECT_EQ(parser.retry(), std::chrono::milliseconds(2500));
  EXPECT_FALSE(parser.has_partial());
}

TEST(sse_parser, tells_whether_an_event_was_cut_off) {
  expect_events("data: a\n\ndata: [DO", {{"message", "a", ""}}, true);
  expect_events("data: a\n\ndata: [DONE]\n", {{"message", "a", ""}}, true);
  expect_events("data: a\n\ndata: [DONE]\n\n", {{"message", "a", ""}, {"message", "[DONE]", ""}});
}

TEST(sse_parser, fails_on_an_endless_line_or_event) {
  expect_events("data: a\n\ndata: 0123456789", {{"message", "a", ""}}, false, 15, true);
  expect_events("data: a\n\n: 01234567890123", {{"message", "a", ""}}, false, 15, true);
  expect_events("data: a\n\ndata: 01234\ndata: 01234\ndata: b\n\n", {{"message", "a", ""}}, false, 15, true);
  expect_events("data: 012345678\n\ndata: 012345678\n\n", {{"message", "012345678", ""}, {"message", "012345678", ""}},
                false, 15);
}

TEST(sse_parser, gives_a_whole_event_without_a_copy) {
  const std::string stream = "data: one\n\nevent: x\ndata: two\n\n";
  sse_parser parser(large);
  parser.feed(stream);
  EXPECT_EQ(parser.next()->data.data(), stream.data() + stream.find("one"));
  EXPECT_EQ(parser.next()->data.data(), stream.data() + stream.find("two"));
  EXPECT_FALSE(parser.next());
}

RC_GTEST_PROP(sse_parser, reads_what_the_writer_wrote_however_it_is_cut, ()) {
  const auto text_of = [](std::string_view letters) {
    std::string text(*rc::gen::inRange<std::size_t>(0, 30), ' ');
    for (char& letter : text)
      letter = letters[*rc::gen::inRange<std::size_t>(0, letters.size())];
    return text;
  };
  std::string stream;
  events expected;
  std::string id;
  for (int left = *rc::gen::inRange(0, 8); left > 0; --left) {
    const event e{text_of("ab: {"), text_of("a: \n\xC3}"), text_of("ab:1")};
    append_sse_event(stream, e.data, e.name, e.id);
    if (*rc::gen::arbitrary<bool>()) append_sse_comment(stream, "alive");
    if (!e.id.empty()) id = e.id;
    expected.push_back({e.name.empty() ? "message" : e.name, e.data, id});
  }
  sse_parser parser(large);
  events seen;
  for (std::string_view rest = stream; !rest.empty();) {
    const auto size = std::min(rest.size(), *rc::gen::inRange<std::size_t>(1, 40));
    read(parser, rest.substr(0, size), seen);
    rest.remove_prefix(size);
  }
  RC_ASSERT(seen == expected);
  RC_ASSERT(!parser.has_partial());
}

}  // namespace
}  // namespace sluice::http
