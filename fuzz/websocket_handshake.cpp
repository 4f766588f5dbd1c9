// Fields of an upgrade, one a line: every answer fits what was asked.
#include "http/websocket_handshake.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::http;
  using sluice::fuzz::require;
  constexpr std::array<std::string_view, 2> protocols{"sluice.v1", "realtime"};

  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto line = [&rest] {
    const std::string_view taken = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(taken.size() + 1, rest.size()));
    return taken;
  };
  websocket_request request{.method = "GET"};
  for (auto* field : {&request.upgrade, &request.connection, &request.version, &request.key, &request.protocols})
    *field = line();

  const auto accepted = accept_websocket(request, protocols);
  if (!accepted) {
    require(accepted.error().status == 400 || accepted.error().status == 426, "a refusal has a status");
    require(!accepted.error().message.empty(), "a refusal says why");
  } else {
    require(asks_for_websocket(request.upgrade, request.connection), "what is accepted was asked for");
    require(request.protocols.find(accepted->protocol) != std::string_view::npos, "the subprotocol was offered");
    const websocket_answer answer{.status = 101,
                                  .upgrade = "websocket",
                                  .connection = "upgrade",
                                  .accept = accepted->accept,
                                  .protocol = accepted->protocol};
    require(check_websocket_answer(answer, request.key, protocols).has_value(), "a client takes our answer");
  }
  const websocket_answer answer{.status = 101,
                                .upgrade = request.upgrade,
                                .connection = request.connection,
                                .accept = request.key,
                                .protocol = request.protocols};
  require(!check_websocket_answer(answer, "dGhlIHNhbXBsZSBub25jZQ==", protocols) ||
              request.key == websocket_accept_key("dGhlIHNhbXBsZSBub25jZQ=="),
          "only the right key is taken");
  return 0;
}
