// Whatever one side sends, however it is fragmented, interleaved and cut, the other side reads the same.
#include <random>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/utf8.hpp"
#include "http/websocket_testing.hpp"

namespace sluice::http {
namespace {

using namespace testing;

struct traffic {
  std::string bytes;
  transcript events;
};

std::size_t pick(std::size_t below) {
  return *rc::gen::inRange<std::size_t>(0, below);
}

/// Mostly short, with the lengths at which a head changes its form among them.
std::string random_payload(std::size_t bytes_max) {
  const std::size_t size = std::min(bytes_max, *rc::gen::element<std::size_t>(0, 1, 5, 13, 125, 126, 127, 300, 65536));
  const std::string characters = "aé漢🙂";
  std::string payload;
  while (payload.size() < size)
    payload += characters;
  return payload.substr(0, whole_characters(std::string_view(payload).substr(0, size)));
}

void send_control(traffic& sent, websocket_role writer) {
  const std::string payload = random_payload(control_payload_bytes_max);
  const bool ping = pick(2) == 0;
  append_frame(sent.bytes, writer, ping ? websocket_opcode::ping : websocket_opcode::pong, payload);
  sent.events.push_back((ping ? "ping " : "pong ") + payload);
}

void send_message(traffic& sent, websocket_role writer) {
  const std::string payload = random_payload(70000);
  const bool binary = pick(2) == 0;
  auto opcode = binary ? websocket_opcode::binary : websocket_opcode::text;
  std::string_view rest = payload;
  for (std::size_t fragments = pick(4); fragments > 0; --fragments) {
    const std::size_t size = pick(rest.size() + 1);
    append_frame(sent.bytes, writer, opcode, rest.substr(0, size), false);
    opcode = websocket_opcode::continuation;
    rest.remove_prefix(size);
    if (pick(3) == 0) send_control(sent, writer);
  }
  append_frame(sent.bytes, writer, opcode, rest);
  sent.events.push_back((binary ? "binary " : "text ") + payload);
}

void check(websocket_role writer, websocket_role reader) {
  traffic sent;
  for (std::size_t left = pick(6); left > 0; --left)
    pick(3) == 0 ? send_control(sent, writer) : send_message(sent, writer);
  if (pick(2) == 0) {
    append_close_frame(sent.bytes, writer, close_code::normal, "bye");
    sent.events.emplace_back("close 1000 bye");
  }
  // Too many cuts for one RapidCheck value each.
  std::minstd_rand random(static_cast<unsigned>(pick(1'000'000)) + 1);
  std::uniform_int_distribution<std::size_t> read_bytes(1, *rc::gen::element<std::size_t>(3, 30, 3000, 100000));
  reads cut;
  for (std::string_view rest = sent.bytes; !rest.empty(); rest.remove_prefix(cut.back().size()))
    cut.push_back(rest.substr(0, read_bytes(random)));
  RC_ASSERT(decode(cut, reader) == sent.events);
}

RC_GTEST_PROP(websocket_codec, a_server_reads_what_a_client_sends, ()) {
  check(websocket_role::client, websocket_role::server);
}

RC_GTEST_PROP(websocket_codec, a_client_reads_what_a_server_sends, ()) {
  check(websocket_role::server, websocket_role::client);
}

}  // namespace
}  // namespace sluice::http
