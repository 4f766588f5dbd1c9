#include "http/websocket_codec.hpp"

#include <array>

#include <gtest/gtest.h>

#include "http/websocket_testing.hpp"

namespace sluice::http {
namespace {

using namespace testing;
using namespace std::string_literals;
using enum websocket_opcode;
using role = websocket_role;

/// The same events however the bytes are cut.
void expect_events(const std::string& bytes, const transcript& expected, role reader = role::server,
                   std::size_t message_bytes_max = large_message) {
  for (const auto& cut : every_cut(bytes))
    ASSERT_EQ(decode(cut, reader, message_bytes_max), expected) << cut.size() << " reads, first " << cut[0].size();
}

TEST(websocket_decoder, reads_the_examples_of_rfc_6455_section_5_7) {
  expect_events("\x81\x05Hello", {"text Hello"}, role::client);
  expect_events("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", {"text Hello"});
  expect_events("\x01\x03Hel\x80\x02lo"s, {"text Hello"}, role::client);
  expect_events("\x89\x05Hello", {"ping Hello"}, role::client);
  expect_events("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", {"pong Hello"});
  const std::string large(256, 'x');
  expect_events("\x82\x7E\x01\x00"s + large, {"binary " + large}, role::client);
  const std::string larger(65536, 'y');
  EXPECT_EQ(decode({"\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s + larger}, role::client),
            transcript{"binary " + larger});
}

TEST(websocket_decoder, gives_a_whole_message_without_a_copy) {
  std::string bytes = client_frame(text, "one") + client_frame(binary, "two");
  websocket_decoder decoder(role::server, 100);
  decoder.feed(bytes);
  const auto inside = [&](std::string_view view) {
    return view.data() >= bytes.data() && view.data() + view.size() <= bytes.data() + bytes.size();
  };
  const auto one = decoder.next();
  ASSERT_TRUE(one);
  EXPECT_TRUE(inside(one->payload));
  EXPECT_EQ(one->payload, "one");
  const auto two = decoder.next();
  ASSERT_TRUE(two);
  EXPECT_TRUE(inside(two->payload));
  EXPECT_FALSE(decoder.next());
  EXPECT_FALSE(decoder.has_partial());
}

TEST(websocket_decoder, is_small_when_idle) {
  EXPECT_LE(sizeof(websocket_decoder), 48U);
}

TEST(websocket_decoder, takes_control_frames_between_the_fragments_of_a_message) {
  expect_events(client_frame(text, "Hel", false) + client_frame(ping, "a") + client_frame(continuation, "l", false) +
                    client_frame(pong, "") + client_frame(continuation, "o") + client_frame(binary, "next"),
                {"ping a", "pong ", "text Hello", "binary next"});
}

TEST(websocket_decoder, joins_characters_across_fragments) {
  const std::string characters = "aé漢🙂";
  std::string bytes;
  for (std::size_t i = 0; i < characters.size(); ++i)
    bytes += client_frame(i == 0 ? text : continuation, characters.substr(i, 1), i + 1 == characters.size());
  expect_events(bytes, {"text " + characters});
}

TEST(websocket_decoder, refuses_broken_frames_with_1002) {
  const transcript refused{"violation 1002"};
  const std::string after = client_frame(text, "never read");
  for (const unsigned reserved : {reserved_1, reserved_2, reserved_3})
    expect_events(client_frame(1, "a", true, reserved) + after, refused);
  for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U})
    expect_events(client_frame(opcode, "a") + after, refused);
  for (const auto opcode : {ping, pong, close})
    expect_events(client_frame(opcode, "", false) + after, refused);
  expect_events(client_frame(ping, std::string(126, 'x')) + after, refused);
  expect_events(client_frame(continuation, "a") + after, refused);
  expect_events(client_frame(text, "a", false) + client_frame(text, "b") + after, refused);
  expect_events("\x81\x05Hello" + after, refused);                                       // a server's frame, not masked
  expect_events("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", refused, role::client);  // a client's, masked
}

TEST(websocket_decoder, refuses_lengths_that_are_not_the_shortest) {
  expect_events("\x82\x7E\x00\x7D"s, {"violation 1002"}, role::client);
  expect_events("\x82\x7F\x00\x00\x00\x00\x00\x00\xFF\xFF"s, {"violation 1002"}, role::client);
  expect_events("\x82\x7F\x80\x00\x00\x00\x00\x00\x00\x00"s, {"violation 1002"}, role::client);
}

TEST(websocket_decoder, refuses_a_bad_frame_from_its_first_two_bytes) {
  EXPECT_EQ(decode({"\xF1\xFF"}), transcript{"violation 1002"});
}

TEST(websocket_decoder, refuses_a_message_that_is_too_big_before_its_payload_comes) {
  const transcript refused{"violation 1009"};
  expect_events(client_frame(text, "12345678"), {"text 12345678"}, role::server, 8);
  expect_events(client_frame(text, "123456789").substr(0, 6), refused, role::server, 8);
  expect_events("\x82\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s, refused, role::client);
  expect_events(client_frame(text, "1234", false) + client_frame(ping, "a") +
                    client_frame(continuation, "5678", false) + client_frame(continuation, "9").substr(0, 6),
                {"ping a", "violation 1009"}, role::server, 8);
  expect_events(client_frame(ping, "control frames do not count"), {"ping control frames do not count"}, role::server,
                8);
}

TEST(websocket_decoder, refuses_invalid_text_at_its_first_bad_byte) {
  const transcript refused{"violation 1007"};
  expect_events(client_frame(text, "a\xFF z"), refused);
  expect_events(client_frame(text, "cut \xE2\x82"), refused);
  expect_events(client_frame(text, "a\xF4", false) + client_frame(continuation, "\x90", false), refused);
  const std::string long_frame = client_frame(text, "\xF4\x90" + std::string(100, 'x'));
  EXPECT_EQ(decode({long_frame.substr(0, 8)}), refused);
  expect_events(client_frame(binary, "a\xFF z"), {"binary a\xFF z"});
}

TEST(websocket_decoder, reads_close_frames) {
  expect_events(client_frame(close, ""), {"close 1005 "});
  expect_events(client_close(1000, "bye") + client_frame(text, "never read"), {"close 1000 bye"});
  expect_events(client_frame(close, "x"), {"violation 1002"});
  expect_events(client_close(1005), {"violation 1002"});
  expect_events(client_close(1000, "\xFF"), {"violation 1007"});
}

TEST(websocket_decoder, tells_whether_something_was_cut_off) {
  const std::string message = client_frame(text, "Hello", false) + client_frame(continuation, "");
  for (std::size_t end = 0; end <= message.size(); ++end) {
    websocket_decoder decoder(role::server, 100);
    decode(decoder, {std::string_view(message).substr(0, end)});
    EXPECT_EQ(decoder.has_partial(), end != 0 && end != message.size()) << end;
    EXPECT_LE(decoder.partial_bytes(), end);
  }
}

TEST(websocket_decoder, keeps_what_is_unread_when_the_buffer_must_go) {
  websocket_decoder decoder(role::server, 100);
  {
    std::string bytes =
        client_frame(text, "one") + client_frame(text, "two") + client_frame(text, "three").substr(0, 8);
    decoder.feed(bytes);
    EXPECT_EQ(to_text(*decoder.next()), "text one");
    decoder.keep_unread();
    decoder.keep_unread();
    bytes.assign(bytes.size(), 'x');
  }
  EXPECT_EQ(to_text(*decoder.next()), "text two");
  EXPECT_FALSE(decoder.next());
  EXPECT_TRUE(decoder.has_partial());
}

TEST(websocket_close_handshake, answers_what_must_be_answered) {
  const std::string bytes = client_frame(ping, "a") + client_frame(text, "b") + client_frame(pong, "c") +
                            client_close(4000, "bye") + client_frame(ping, "late");
  for (const auto& cut : every_cut(bytes))
    EXPECT_EQ(echo(cut), (transcript{"pong a", "text b", "close 4000 "}));
  EXPECT_EQ(echo({client_frame(close, "")}), transcript{"close 1005 "});
  EXPECT_EQ(echo({client_frame(3, "")}), transcript{"close 1002 an unknown opcode"});
}

TEST(websocket_close_handshake, says_it_once_and_nothing_after_it) {
  websocket_close_handshake closing(role::server);
  std::string out;
  closing.answer(out, {.what = websocket_event::kind::ping, .payload = "a"});
  EXPECT_TRUE(closing.may_send());
  closing.close(out, close_code::going_away, "restart");
  EXPECT_FALSE(closing.may_send());
  EXPECT_FALSE(closing.finished());
  closing.answer(out, {.what = websocket_event::kind::ping, .payload = "b"});
  closing.close(out, close_code::normal);
  closing.answer(out, {.what = websocket_event::kind::close, .code = close_code::going_away});
  EXPECT_TRUE(closing.finished());
  EXPECT_EQ(decode({out}, role::client), (transcript{"pong a", "close 1001 restart"}));
}

}  // namespace
}  // namespace sluice::http
