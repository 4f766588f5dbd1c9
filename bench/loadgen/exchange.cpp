#include "bench/loadgen/exchange.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "bench/loadgen/http_exchange.hpp"
#include "bench/loadgen/websocket_exchange.hpp"

namespace sluice::bench {

client_face parse_client_face(std::string_view name) {
  constexpr auto faces = std::to_array<std::pair<std::string_view, client_face>>({
      {"json", client_face::json},
      {"sse", client_face::sse},
      {"ws-basic", client_face::ws_basic},
      {"ws-full", client_face::ws_full},
      {"ws-ping", client_face::ws_ping},
      {"ws-echo", client_face::ws_echo},
  });
  const auto* const known = std::ranges::find(faces, name, &std::pair<std::string_view, client_face>::first);
  if (known == faces.end())
    throw std::runtime_error(fmt::format("\"{}\" is none of json, sse, ws-basic, ws-full, ws-ping, ws-echo", name));
  return known->second;
}

void exchange::fail(std::string why) {
  if (failure_.empty()) failure_ = std::move(why);
}

void exchange::peer_closed() {
  fail(busy_ ? "the connection was closed in mid-answer" : "the connection was closed");
}

// The number first, so that neighbours differ; then letters up to the size.
std::string exchange::user_message(std::uint64_t number) const {
  std::string message = fmt::format("{:016x} ", number);
  message.resize(std::max<std::size_t>(message.size(), settings_.message_bytes), 'a');
  return message;
}

std::unique_ptr<exchange> make_exchange(const exchange_settings& settings) {
  switch (settings.face) {
    case client_face::json:
    case client_face::sse:
      return std::make_unique<http_exchange>(settings);
    case client_face::ws_basic:
    case client_face::ws_full:
      return std::make_unique<websocket_chat>(settings);
    case client_face::ws_ping:
    case client_face::ws_echo:
      return std::make_unique<websocket_echo>(settings);
  }
  return nullptr;
}

}  // namespace sluice::bench
