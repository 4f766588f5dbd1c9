// A peer's bytes mean the same however they are cut, and what is sent in answer is itself without fault.
#include "http/websocket_codec.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.hpp"
#include "require.hpp"

namespace {

using namespace sluice::http;
using sluice::fuzz::require;
using kind = websocket_event::kind;

constexpr std::size_t message_bytes_max = 1000;

/// An event that outlives the decoder's next call.
struct kept_event {
  kind what;
  bool binary;
  std::uint16_t code;
  std::string payload;
  bool operator==(const kept_event&) const = default;
};

void check(const websocket_event& event) {
  switch (event.what) {
    case kind::message:
      require(event.payload.size() <= message_bytes_max, "a message keeps its bound");
      require(event.binary || sluice::is_valid_utf8(event.payload), "text is UTF-8");
      return;
    case kind::ping:
    case kind::pong:
      require(event.payload.size() <= control_payload_bytes_max, "a control frame keeps its bound");
      return;
    case kind::close:
      require(event.code == close_code::none_given || may_be_sent(event.code), "a close code may be sent");
      require(sluice::is_valid_utf8(event.payload), "a reason is UTF-8");
      return;
    case kind::violation:
      require(may_be_sent(event.code), "a violation has a code to answer with");
      return;
  }
}

std::vector<kept_event> read(std::string_view bytes, std::size_t read_bytes, websocket_role role) {
  websocket_decoder decoder(role, message_bytes_max);
  std::vector<kept_event> events;
  for (std::size_t at = 0; at < bytes.size(); at += read_bytes) {
    const std::string_view piece = bytes.substr(at, read_bytes);
    std::vector<char> buffer(piece.begin(), piece.end());
    decoder.feed(buffer);
    while (const auto event = decoder.next()) {
      require(events.empty() || (events.back().what != kind::close && events.back().what != kind::violation),
              "nothing comes after the end");
      check(*event);
      events.push_back({event->what, event->binary, event->code, std::string(event->payload)});
      // Every third read loses its buffer after each event.
      if (at / read_bytes % 3 == 2) {
        decoder.keep_unread();
        std::ranges::fill(buffer, 'x');
      }
    }
  }
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto role = (data[0] & 1) != 0 ? websocket_role::client : websocket_role::server;
  const auto other = (data[0] & 1) != 0 ? websocket_role::server : websocket_role::client;
  const std::size_t read_bytes = 1 + data[0] / 2;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);

  const auto events = read(bytes, size, role);
  require(read(bytes, read_bytes, role) == events, "pieces and whole agree");

  websocket_close_handshake closing(role);
  std::string answers;
  for (const auto& [what, binary, code, payload] : events) {
    closing.answer(answers, {.what = what, .binary = binary, .code = code, .payload = payload});
    if (what == kind::message && closing.may_send())
      append_frame(answers, role, binary ? websocket_opcode::binary : websocket_opcode::text, payload);
  }
  for (const auto& answer : read(answers, read_bytes, other))
    require(answer.what != kind::violation, "our answers keep the protocol");
  return 0;
}
