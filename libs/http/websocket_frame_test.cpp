#include "http/websocket_frame.hpp"

#include <gtest/gtest.h>

#include "http/websocket_testing.hpp"

namespace sluice::http {
namespace {

using namespace testing;
using namespace std::string_literals;
using enum websocket_opcode;
using role = websocket_role;

const std::vector<std::size_t> sizes_at_the_borders{0, 1, 2, 7, 8, 9, 125, 126, 127, 128, 1000, 65535, 65536, 70000};

TEST(websocket_frame, writes_the_examples_of_rfc_6455_section_5_7) {
  std::string out;
  append_frame(out, role::server, text, "Hello");
  EXPECT_EQ(out, "\x81\x05Hello");
  out.clear();
  append_frame(out, role::server, text, "Hel", false);
  append_frame(out, role::server, continuation, "lo");
  EXPECT_EQ(out, "\x01\x03Hel\x80\x02lo"s);
  out.clear();
  append_frame(out, role::server, binary, std::string(256, 'x'));
  EXPECT_EQ(out, "\x82\x7E\x01\x00"s + std::string(256, 'x'));
  out.clear();
  append_frame(out, role::server, binary, std::string(65536, 'x'));
  EXPECT_EQ(out, "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s + std::string(65536, 'x'));
}

TEST(websocket_frame, masks_what_a_client_sends_with_ever_new_masks) {
  std::string one, two;
  append_frame(one, role::client, text, "Hello");
  append_frame(two, role::client, text, "Hello");
  EXPECT_EQ(one.size(), 11U);
  EXPECT_EQ(one.substr(0, 2), "\x81\x85");
  EXPECT_NE(one.substr(2, 4), two.substr(2, 4));
}

TEST(websocket_frame, masks_from_any_place_in_the_payload) {
  const websocket_mask mask{'\x37', '\xfa', '\x21', '\x3d'};
  const std::string plain = "The quick brown fox jumps over the lazy dog";
  std::string whole = plain;
  apply_mask(whole, mask);
  for (std::size_t i = 0; i < plain.size(); ++i)
    EXPECT_EQ(whole[i], plain[i] ^ mask[i % 4]);
  for (std::size_t cut = 0; cut <= plain.size(); ++cut) {
    std::string parts = plain;
    apply_mask(std::span(parts).first(cut), mask);
    apply_mask(std::span(parts).subspan(cut), mask, cut);
    EXPECT_EQ(parts, whole) << cut;
  }
}

TEST(websocket_frame, written_in_place_is_as_written_at_once) {
  for (const auto size : sizes_at_the_borders) {
    std::string at_once = "before", in_place = "before";
    append_frame(at_once, role::server, text, std::string(size, 'x'));
    const auto start = begin_frame(in_place, role::server);
    in_place.append(size, 'x');
    end_frame(in_place, start, role::server, text);
    EXPECT_EQ(in_place, at_once) << size;

    std::string masked;
    const auto masked_start = begin_frame(masked, role::client);
    masked.append(size, 'x');
    end_frame(masked, masked_start, role::client, text, false);
    append_frame(masked, role::client, continuation, "");
    EXPECT_EQ(decode({masked}), transcript{"text " + std::string(size, 'x')}) << size;
  }
}

TEST(websocket_frame, what_one_side_writes_the_other_reads) {
  for (const auto size : sizes_at_the_borders) {
    for (const auto writer : {role::server, role::client}) {
      std::string out;
      append_frame(out, writer, binary, std::string(size, 'x'));
      EXPECT_EQ(decode({out}, writer == role::server ? role::client : role::server),
                transcript{"binary " + std::string(size, 'x')});
    }
  }
}

TEST(websocket_frame, knows_which_close_codes_may_be_sent) {
  for (const std::uint16_t code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999})
    EXPECT_TRUE(may_be_sent(code)) << code;
  for (const std::uint16_t code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535})
    EXPECT_FALSE(may_be_sent(code)) << code;
}

TEST(websocket_frame, cuts_a_close_reason_at_a_whole_character) {
  std::string out;
  append_close_frame(out, role::server, close_code::normal, std::string(122, 'x') + "é");
  EXPECT_EQ(decode({out}, role::client), transcript{"close 1000 " + std::string(122, 'x')});
}

}  // namespace
}  // namespace sluice::http
