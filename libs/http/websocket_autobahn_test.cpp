// The cases of the Autobahn test suite's fuzzing client, by its numbers, against an echo on the codec: groups 1 to 7 as
// they are, 9 and 10 (its benchmarks) with smaller sizes. The suite itself runs over sockets in tests/echo/autobahn.
#include <array>
#include <initializer_list>

#include <gtest/gtest.h>

#include "base/utf8.hpp"
#include "http/websocket_testing.hpp"

namespace sluice::http {
namespace {

using namespace testing;
using namespace std::string_literals;
using enum websocket_opcode;

struct autobahn_case {
  std::string number;    ///< "6.4.1"
  std::string sent;      ///< what the fuzzing client sends
  transcript expected;   ///< what it must get back; of a close frame only the code
  std::size_t chop = 0;  ///< the size of its writes; 0: one write
};
using cases = std::vector<autobahn_case>;

const transcript fails{"close 1002"}, fails_on_text{"close 1007"};

std::string numbered(std::string_view group, std::size_t number) {
  return fmt::format("{}.{}", group, number);
}

/// `fragments` as one message.
std::string message_of(std::initializer_list<std::string_view> fragments) {
  std::string bytes;
  for (const auto& fragment : fragments)
    bytes +=
        client_frame(&fragment == fragments.begin() ? text : continuation, fragment, &fragment == fragments.end() - 1);
  return bytes;
}

std::string in_fragments(websocket_opcode opcode, std::string_view payload, std::size_t size) {
  std::string bytes;
  for (std::size_t at = 0; at < payload.size(); at += size)
    bytes += client_frame(at == 0 ? opcode : continuation, payload.substr(at, size), at + size >= payload.size());
  return bytes;
}

/// 1: frames of the lengths at which the head changes.
void add_framing(cases& all) {
  constexpr std::array<std::size_t, 8> sizes{0, 125, 126, 127, 128, 65535, 65536, 65536};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::string payload(sizes[i], '*');
    const std::size_t chop = i == 7 ? 997 : 0;
    all.push_back({numbered("1.1", i + 1), client_frame(text, payload), {"text " + payload}, chop});
    all.push_back({numbered("1.2", i + 1), client_frame(binary, payload), {"binary " + payload}, chop});
  }
}

/// 2: pings and pongs.
void add_pings(cases& all) {
  const std::string full(125, '\xFE'), mixed("\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF"s);
  std::string ten;
  transcript ten_pongs;
  for (int i = 0; i < 10; ++i) {
    ten += client_frame(ping, fmt::format("payload-{}", i));
    ten_pongs.push_back(fmt::format("pong payload-{}", i));
  }
  all.push_back({"2.1", client_frame(ping, ""), {"pong "}});
  all.push_back({"2.2", client_frame(ping, "Hello, world!"), {"pong Hello, world!"}});
  all.push_back({"2.3", client_frame(ping, mixed), {"pong " + mixed}});
  all.push_back({"2.4", client_frame(ping, full), {"pong " + full}});
  all.push_back({"2.5", client_frame(ping, full + '\xFE'), fails});
  all.push_back({"2.6", client_frame(ping, full), {"pong " + full}, 1});
  all.push_back({"2.7", client_frame(pong, ""), {}});
  all.push_back({"2.8", client_frame(pong, "unsolicited"), {}});
  all.push_back({"2.9", client_frame(pong, "unsolicited") + client_frame(ping, "ping"), {"pong ping"}});
  all.push_back({"2.10", ten, ten_pongs});
  all.push_back({"2.11", ten, ten_pongs, 1});
}

/// 3: reserved bits; 4: reserved opcodes.
void add_reserved(cases& all) {
  const std::string hello = client_frame(text, "Hello, world!"), after = client_frame(ping, "");
  const transcript echo_then_fails{"text Hello, world!", "close 1002"};
  all.push_back({"3.1", client_frame(1, "Hello", true, reserved_3), fails});
  all.push_back({"3.2", hello + client_frame(1, "Hello", true, reserved_2) + after, echo_then_fails});
  all.push_back({"3.3", hello + client_frame(1, "Hello", true, reserved_2 | reserved_3) + after, echo_then_fails});
  all.push_back({"3.4", hello + client_frame(1, "Hello", true, reserved_1) + after, echo_then_fails, 1});
  all.push_back({"3.5", client_frame(2, "\x00\xFF\xFE"s, true, reserved_1 | reserved_3), fails});
  all.push_back({"3.6", client_frame(9, "Hello", true, reserved_1 | reserved_2), fails});
  all.push_back({"3.7", client_frame(8, "", true, reserved_1 | reserved_2 | reserved_3), fails});
  const auto add_opcodes = [&](const std::string& group, unsigned first) {
    all.push_back({group + ".1", client_frame(first, ""), fails});
    all.push_back({group + ".2", client_frame(first + 1, "reserved opcode"), fails});
    all.push_back({group + ".3", hello + client_frame(first + 2, "") + after, echo_then_fails});
    all.push_back({group + ".4", hello + client_frame(first + 3, "reserved opcode") + after, echo_then_fails});
    all.push_back({group + ".5", hello + client_frame(first + 4, "reserved opcode") + after, echo_then_fails, 1});
  };
  add_opcodes("4.1", 3);
  add_opcodes("4.2", 11);
}

/// 5: fragmentation.
void add_fragmentation(cases& all) {
  const std::string first = client_frame(text, "fragment1", false), last = client_frame(continuation, "fragment2");
  const std::string hello = client_frame(text, "Hello, world!"), ping_between = client_frame(ping, "ping");
  const transcript joined{"text fragment1fragment2"}, joined_after_pong{"pong ping", joined[0]};
  all.push_back({"5.1", client_frame(ping, "fragment1", false) + last, fails});
  all.push_back({"5.2", client_frame(pong, "fragment1", false) + last, fails});
  for (const auto& [number, chop] : {std::pair{3, 0}, {4, 11}, {5, 1}})
    all.push_back({numbered("5", number), first + last, joined, static_cast<std::size_t>(chop)});
  for (const auto& [number, chop] : {std::pair{6, 0}, {7, 11}, {8, 1}})
    all.push_back(
        {numbered("5", number), first + ping_between + last, joined_after_pong, static_cast<std::size_t>(chop)});
  const std::string nothing_final = client_frame(continuation, "non-continuation payload");
  const std::string nothing_open = client_frame(continuation, "non-continuation payload", false);
  for (const auto& [number, chop] : {std::pair{0, 0}, {1, 11}, {2, 1}}) {
    all.push_back({numbered("5", 9 + number), nothing_final + hello, fails, static_cast<std::size_t>(chop)});
    all.push_back({numbered("5", 12 + number), nothing_open + hello, fails, static_cast<std::size_t>(chop)});
  }
  all.push_back({"5.15",
                 first + last + client_frame(continuation, "fragment3", false) + client_frame(text, "fragment4"),
                 {joined[0], "close 1002"}});
  all.push_back({"5.16", nothing_open + first + last + nothing_open + first + last, fails});
  all.push_back({"5.17", nothing_final + first + last + nothing_final + first + last, fails});
  all.push_back({"5.18", first + client_frame(text, "fragment2"), fails});
  const std::string five = first + client_frame(continuation, "fragment2", false) + client_frame(ping, "pongme 1!") +
                           client_frame(continuation, "fragment3", false) +
                           client_frame(continuation, "fragment4", false) + client_frame(ping, "pongme 2!") +
                           client_frame(continuation, "fragment5");
  const transcript five_joined{"pong pongme 1!", "pong pongme 2!",
                               "text fragment1fragment2fragment3fragment4fragment5"};
  all.push_back({"5.19", five, five_joined, 40});
  all.push_back({"5.20", five, five_joined});
}

const std::string greek = "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5";
const std::string surrogate = "\xED\xA0\x80", too_high = "\xF4\x90\x80\x80", edited = "edited";

/// 6.1 to 6.4: text in fragments, and invalid text that must be refused before the message ends.
void add_text(cases& all) {
  const std::string umlauts = "Hello-µ@ßöäüàá-UTF-8!!";
  all.push_back({"6.1.1", message_of({""}), {"text "}});
  all.push_back({"6.1.2", message_of({"", "", ""}), {"text "}});
  all.push_back({"6.1.3", message_of({"", "middle frame payload", ""}), {"text middle frame payload"}});
  all.push_back({"6.2.1", message_of({umlauts}), {"text " + umlauts}});
  all.push_back({"6.2.2", message_of({umlauts.substr(0, 12), umlauts.substr(12)}), {"text " + umlauts}});
  all.push_back({"6.2.3", in_fragments(text, umlauts, 1), {"text " + umlauts}});
  all.push_back({"6.2.4", in_fragments(text, greek, 1), {"text " + greek}});
  all.push_back({"6.3.1", message_of({greek + surrogate + edited}), fails_on_text});
  all.push_back({"6.3.2", in_fragments(text, greek + surrogate + edited, 1), fails_on_text});
  // The third part is never needed: the second says enough.
  const std::string begun = client_frame(text, greek, false);
  const std::string begun_inside = client_frame(text, greek + "\xF4", false);
  all.push_back({"6.4.1", begun + client_frame(continuation, too_high, false), fails_on_text});
  all.push_back({"6.4.2", begun_inside + client_frame(continuation, "\x90", false), fails_on_text});
  const std::string whole = client_frame(text, greek + too_high + edited);
  const std::size_t good = 6 + greek.size();
  all.push_back({"6.4.3", whole.substr(0, good + too_high.size()), fails_on_text, good});
  all.push_back({"6.4.4", whole.substr(0, good + 2), fails_on_text, good + 1});
}

/// 6.5 to 6.23: one text each, valid or not.
void add_utf8(cases& all) {
  std::vector<std::vector<std::string>> groups{
      {"hello$world", "hello\xC2\xA2world", "hello\xE2\x82\xACworld", "hello\xF0\xA4\xAD\xA2world", greek},
      {},
      {"\x00"s, "\xC2\x80", "\xE0\xA0\x80", "\xF0\x90\x80\x80"},
      {"\xF8\x88\x80\x80\x80", "\xFC\x84\x80\x80\x80\x80"},
      {"\x7F", "\xDF\xBF", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"},
      {"\xF7\xBF\xBF\xBF", "\xFB\xBF\xBF\xBF\xBF", "\xFD\xBF\xBF\xBF\xBF\xBF"},
      {"\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBD", "\xF4\x8F\xBF\xBF", "\xF4\x90\x80\x80"},
      {"\x80", "\xBF", "\x80\xBF", "\x80\xBF\x80", "\x80\xBF\x80\xBF", "\x80\xBF\x80\xBF\x80",
       "\x80\xBF\x80\xBF\x80\xBF", ""},
      {"", "", "", "", ""},
      {"\xC0", "\xE0\x80", "\xF0\x80\x80", "\xF8\x80\x80\x80", "\xFC\x80\x80\x80\x80", "\xDF", "\xEF\xBF",
       "\xF7\xBF\xBF", "\xFB\xBF\xBF\xBF", "\xFD\xBF\xBF\xBF\xBF"},
      {""},
      {"\xFE", "\xFF", "\xFE\xFE\xFF\xFF"},
      {"\xC0\xAF", "\xE0\x80\xAF", "\xF0\x80\x80\xAF", "\xF8\x80\x80\x80\xAF", "\xFC\x80\x80\x80\x80\xAF"},
      {"\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xF8\x87\xBF\xBF\xBF", "\xFC\x83\xBF\xBF\xBF\xBF"},
      {"\xC0\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xF8\x80\x80\x80\x80", "\xFC\x80\x80\x80\x80\x80"},
      {"\xED\xA0\x80", "\xED\xAD\xBF", "\xED\xAE\x80", "\xED\xAF\xBF", "\xED\xB0\x80", "\xED\xBE\x80", "\xED\xBF\xBF"},
      {"\xED\xA0\x80\xED\xB0\x80", "\xED\xA0\x80\xED\xBF\xBF", "\xED\xAD\xBF\xED\xB0\x80", "\xED\xAD\xBF\xED\xBF\xBF",
       "\xED\xAE\x80\xED\xB0\x80", "\xED\xAE\x80\xED\xBF\xBF", "\xED\xAF\xBF\xED\xB0\x80", "\xED\xAF\xBF\xED\xBF\xBF"},
      {"\xEF\xBF\xBE", "\xEF\xBF\xBF"},
      {"\xEF\xBF\xB9", "\xEF\xBF\xBA", "\xEF\xBF\xBB", "\xEF\xBF\xBC", "\xEF\xBF\xBD", "\xEF\xBF\xBE", "\xEF\xBF\xBF"}};
  for (std::size_t size = 1; size <= greek.size(); ++size)
    groups[1].push_back(greek.substr(0, size));
  for (int byte = 0x80; byte <= 0xBF; ++byte)
    groups[7].back() += static_cast<char>(byte);
  const std::array<std::pair<int, int>, 5> starts{
      {{0xC0, 0xDF}, {0xE0, 0xEF}, {0xF0, 0xF7}, {0xF8, 0xFB}, {0xFC, 0xFD}}};
  for (std::size_t i = 0; i < starts.size(); ++i) {
    for (int byte = starts[i].first; byte <= starts[i].second; ++byte)
      groups[8][i].append({static_cast<char>(byte), ' '});
  }
  for (const auto& cut : groups[9])
    groups[10][0] += cut;
  for (unsigned plane = 1; plane <= 16; ++plane) {  // the last two code points of every plane are valid
    const char second = static_cast<char>(0x8F | (plane & 3) << 4), first = static_cast<char>(0xF0 | plane >> 2);
    groups[17].push_back({first, second, '\xBF', '\xBE'});
    groups[17].push_back({first, second, '\xBF', '\xBF'});
  }
  for (std::size_t group = 0; group < groups.size(); ++group) {
    // Groups as a whole are valid or not, but for prefixes and the borders; the suite says which.
    for (std::size_t i = 0; i < groups[group].size(); ++i) {
      const std::string& payload = groups[group][i];
      const bool valid = group == 1   ? i == 1 || i == 4 || i == 6 || i == 8 || i == 10
                         : group == 6 ? i < 4
                                      : group == 0 || group == 2 || group == 4 || group >= 17;
      all.push_back({fmt::format("6.{}.{}", group + 5, i + 1), client_frame(text, payload),
                     valid ? transcript{"text " + payload} : fails_on_text});
    }
  }
}

/// 7: closing.
void add_closing(cases& all) {
  const std::string hello = client_frame(text, "Hello World!"), normal = client_close(1000);
  const transcript closed{"close 1000"};
  const std::string large(256 * 1024, 'B');
  all.push_back({"7.1.1", hello + normal, {"text Hello World!", "close 1000"}});
  all.push_back({"7.1.2", normal + normal, closed});
  all.push_back({"7.1.3", normal + client_frame(ping, ""), closed});
  all.push_back({"7.1.4", normal + hello, closed});
  all.push_back(
      {"7.1.5", client_frame(text, "fragment1", false) + normal + client_frame(continuation, "fragment2"), closed});
  all.push_back({"7.1.6",
                 client_frame(text, large) + hello + normal + client_frame(ping, ""),
                 {"text " + large, "text Hello World!", "close 1000"}});
  all.push_back({"7.3.1", client_frame(close, ""), {"close 1005"}});
  all.push_back({"7.3.2", client_frame(close, "a"), fails});
  all.push_back({"7.3.3", normal, closed});
  all.push_back({"7.3.4", client_close(1000, "Hello World!"), closed});
  all.push_back({"7.3.5", client_close(1000, std::string(123, '*')), closed});
  all.push_back({"7.3.6", client_close(1000, std::string(124, '*')), fails});
  all.push_back({"7.5.1", client_close(1000, greek + surrogate + edited), fails_on_text});
  std::size_t number = 0;
  for (const auto code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999})
    all.push_back(
        {numbered("7.7", ++number), client_close(static_cast<std::uint16_t>(code)), {fmt::format("close {}", code)}});
  number = 0;
  for (const std::uint16_t code : {0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999})
    all.push_back({numbered("7.9", ++number), client_close(code), fails});
  all.push_back({"7.13.1", client_close(5000), fails});
  all.push_back({"7.13.2", client_close(65535), fails});
}

/// 9 and 10: large messages, whole, in fragments and in small writes; many messages. Sizes are 1/64 of the suite's.
void add_large(cases& all) {
  constexpr std::size_t scale = 64, kib = 1024;
  const auto add = [&](std::size_t group, std::size_t number, std::size_t bytes, std::size_t fragment,
                       std::size_t chop) {
    const std::string payload(bytes, '*');
    all.push_back(
        {fmt::format("9.{}.{}", group, number), in_fragments(text, payload, fragment), {"text " + payload}, chop});
    all.push_back({fmt::format("9.{}.{}", group + 1, number),
                   in_fragments(binary, payload, fragment),
                   {"binary " + payload},
                   chop});
  };
  std::size_t number = 0;
  for (const std::size_t bytes : {64 * kib, 256 * kib, 1024 * kib, 4096 * kib, 8192 * kib, 16384 * kib})
    add(1, ++number, bytes / scale, bytes, 0);
  number = 0;
  for (const std::size_t fragment :
       {64UL, 256UL, 1 * kib, 4 * kib, 16 * kib, 64 * kib, 256 * kib, 1024 * kib, 4096 * kib})
    add(3, ++number, 4096 * kib / scale, fragment, 0);
  number = 0;
  for (const std::size_t chop : {64, 128, 256, 512, 1024, 2048})
    add(5, ++number, 1024 * kib / scale, 1024 * kib, chop);
  number = 0;
  for (const std::size_t bytes : {0, 16, 64, 256, 1024, 4096}) {
    ++number;
    for (const auto opcode : {text, binary}) {
      autobahn_case many{numbered(opcode == text ? "9.7" : "9.8", number), {}, {}};
      for (std::size_t i = 0; i < 1000 / scale; ++i) {
        many.sent += client_frame(opcode, std::string(bytes, '*'));
        many.expected.push_back((opcode == text ? "text " : "binary ") + std::string(bytes, '*'));
      }
      all.push_back(std::move(many));
    }
  }
  const std::string payload(64 * kib, '*');
  all.push_back({"10.1.1", in_fragments(text, payload, 1300), {"text " + payload}});
}

cases all_cases() {
  cases all;
  for (const auto add :
       {add_framing, add_pings, add_reserved, add_fragmentation, add_text, add_utf8, add_closing, add_large})
    add(all);
  return all;
}

class websocket_autobahn : public ::testing::TestWithParam<autobahn_case> {};

TEST_P(websocket_autobahn, passes) {
  const auto& [number, sent, expected, chop] = GetParam();
  const auto check = [&](const reads& cut) {
    transcript seen = echo(cut);
    for (auto& event : seen) {
      if (event.starts_with("close ")) event.resize("close 1000"s.size());
    }
    ASSERT_EQ(seen, expected) << number << " in " << cut.size() << " reads";
  };
  check(in_reads_of(chop == 0 ? sent.size() : chop, sent));
  if (sent.size() > 2000) return;
  for (const auto& cut : every_cut(sent))
    check(cut);
}

INSTANTIATE_TEST_SUITE_P(fuzzingclient, websocket_autobahn, ::testing::ValuesIn(all_cases()), [](const auto& tested) {
  std::string name = "case_" + tested.param.number;
  std::ranges::replace(name, '.', '_');
  return name;
});

}  // namespace
}  // namespace sluice::http
